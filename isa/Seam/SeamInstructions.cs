using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Seam;

/// <summary>SEAMCALL, SEAMRET, TDCALL, SEAMOPS. TDX CPU Architectural Extensions.</summary>
internal static class SeamInstructions
{
    /// <summary>Rows the decoder binds.</summary>
    public static SystemRow[] Table { get; } =
    [
        new(Code.Seamcall, Seamcall),
        new(Code.Seamret,  Seamret),
        new(Code.Tdcall,   Tdcall),
        new(Code.Seamops,  Seamops),
    ];

    private static Outcome Seamcall(Core core, in Instruction instruction) => core.Seamcall();

    private static Outcome Seamret(Core core, in Instruction instruction) => core.Seamret();

    private static Outcome Tdcall(Core core, in Instruction instruction) => core.Tdcall();

    /// <summary>SEAM root at CPL 0 only; operands are linear addresses in RCX, RDX and R8.</summary>
    private static Outcome Seamops(Core core, in Instruction instruction)
    {
        if (!core.InSeamRoot || !core.LongMode64)
            return core.Raise(Vector.UD);
        if (core.Cpl > 0)
            return core.RaiseGp0();
        core.ChargeOperation(Operation.Seamops);
        ulong leaf = core.Gpr(0);
        if (Seam.Seamops.IsReport(leaf))
            return Report(core);
        if (leaf == (ulong)SeamopsLeaf.VerifyReport)
            return Verify(core);
        SeamopsResult result = new Seamops(core).WithoutMemory(leaf);
        core.Gpr(0) = result.Rax;
        if (leaf != (ulong)SeamopsLeaf.SeamdbGetref)
            return Outcome.Next;
        (core.Gpr(10), core.Gpr(11), core.Gpr(12)) = (result.R10, result.R11, result.R12);
        (core.Gpr(13), core.Gpr(14), core.Gpr(15)) = (result.R13, result.R14, result.R15);
        return Outcome.Next;
    }

    private static Outcome Report(Core core)
    {
        Span<byte> data = stackalloc byte[Seam.Seamops.DataBytes], hash = stackalloc byte[Seam.Seamops.HashBytes];
        Span<byte> report = stackalloc byte[Seam.Seamops.ReportBytes];
        ulong output = core.Gpr(1), dataAddress = core.Gpr(2);
        SeamdbReference reference = new(core.Gpr(10), core.Gpr(11), core.Gpr(12), core.Gpr(13), core.Gpr(14));
        if (!new Seamops(core).Knows(core.Gpr(0), reference))
        {
            core.Gpr(0) = (ulong)SeamopsStatus.InvalidOperand;
            return Outcome.Next;
        }
        if (!core.TryReadLinear(new Gva(dataAddress), data, 0) || !core.TryReadLinear(new Gva(core.Gpr(8)), hash, 0))
            return Outcome.Fault;
        ulong status = new Seamops(core).Report(output, dataAddress, data, hash, (uint)core.Gpr(9), report);
        if (status == 0 && !core.TryWriteLinear(new Gva(output), report, 0))
            return Outcome.Fault;
        core.Gpr(0) = status;
        return Outcome.Next;
    }

    private static Outcome Verify(Core core)
    {
        Span<byte> macStruct = stackalloc byte[Seam.Seamops.MacStructBytes];
        if (!core.TryReadLinear(new Gva(core.Gpr(1)), macStruct, 0))
            return Outcome.Fault;
        core.Gpr(0) = new Seamops(core).Verify(macStruct);
        return Outcome.Next;
    }
}
