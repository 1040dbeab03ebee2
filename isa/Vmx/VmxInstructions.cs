using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>The thirteen VMX instructions: their faults, intercepts and operands. SDM vol. 3C, chapter 31.</summary>
internal static unsafe class VmxInstructions
{
    /// <summary>Rows the decoder binds.</summary>
    public static SystemRow[] Table { get; } =
    [
        new(Code.Vmxon_m64,        Vmxon),
        new(Code.Vmxoff,           Vmxoff),
        new(Code.Vmptrld_m64,      Vmptrld),
        new(Code.Vmptrst_m64,      Vmptrst),
        new(Code.Vmclear_m64,      Vmclear),
        new(Code.Vmread_rm64_r64,  Vmread),
        new(Code.Vmread_rm32_r32,  Vmread),
        new(Code.Vmwrite_r64_rm64, Vmwrite),
        new(Code.Vmwrite_r32_rm32, Vmwrite),
        new(Code.Vmlaunch,         Vmlaunch),
        new(Code.Vmresume,         Vmresume),
        new(Code.Vmcall,           Vmcall),
        new(Code.Vmfunc,           Vmfunc),
        new(Code.Invept_r64_m128,  Invept),
        new(Code.Invept_r32_m128,  Invept),
        new(Code.Invvpid_r64_m128, Invvpid),
        new(Code.Invvpid_r32_m128, Invvpid),
    ];

    /// <summary>VMXON — enter VMX operation.</summary>
    private static Outcome Vmxon(Core core, in Instruction instruction)
    {
        if (!IsVmxMode(core) || (core.Lp->Cr4 & Cr4Bit.Vmxe) == 0)
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Vmxon, instruction, out Outcome exit, instruction.MemoryDisplacement64))
            return exit;
        if (core.Cpl > 0 || !core.InVmxOperation && !core.MayEnterVmxOperation)
            return core.RaiseGp0();
        if (core.InVmxOperation)
            return core.SetVmxFlags(core.VmFail(VmInstructionError.VmxonInRoot));
        return core.TryReadOperand(instruction, 0, out ulong region)
            ? core.SetVmxFlags(core.EnterVmxOperation(region))
            : Outcome.Fault;
    }

    /// <summary>VMXOFF — leave VMX operation. In SEAM root there is no leaving (assumed: #UD).</summary>
    private static Outcome Vmxoff(Core core, in Instruction instruction)
    {
        if (core.InSeamRoot)
            return core.Raise(Vector.UD);
        if (Guard(core, ExitReason.Vmxoff, instruction) is { } end)
            return end;
        core.Vmx.Reset();
        return core.SetVmxFlags(VmxResult.Succeed);
    }

    /// <summary>VMPTRLD — load the current-VMCS pointer from memory.</summary>
    private static Outcome Vmptrld(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Vmptrld, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Vmptrld);
        return core.TryReadOperand(instruction, 0, out ulong address)
            ? core.SetVmxFlags(core.Vmptrld(address))
            : Outcome.Fault;
    }

    /// <summary>VMPTRST — store the current-VMCS pointer; all ones when there is none.</summary>
    private static Outcome Vmptrst(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Vmptrst, instruction) is { } end)
            return end;
        return core.TryWriteOperand(instruction, 0, core.Vmx.Current)
            ? core.SetVmxFlags(VmxResult.Succeed)
            : Outcome.Fault;
    }

    /// <summary>VMCLEAR — initialise a VMCS and make its launch state clear.</summary>
    private static Outcome Vmclear(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Vmclear, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Vmclear);
        return core.TryReadOperand(instruction, 0, out ulong address)
            ? core.SetVmxFlags(core.Vmclear(address))
            : Outcome.Fault;
    }

    /// <summary>VMREAD — read a field of the current VMCS.</summary>
    private static Outcome Vmread(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Vmread, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Vmread);
        VmxResult result = core.Vmread(Encoding(core.ReadOperand(instruction, 1)), out ulong value);
        if (result == VmxResult.Succeed && !core.TryWriteOperand(instruction, 0, value))
            return Outcome.Fault;
        return core.SetVmxFlags(result);
    }

    /// <summary>VMWRITE — write a field of the current VMCS.</summary>
    private static Outcome Vmwrite(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Vmwrite, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Vmwrite);
        return core.TryReadOperand(instruction, 1, out ulong value)
            ? core.SetVmxFlags(core.Vmwrite(Encoding(core.ReadOperand(instruction, 0)), value))
            : Outcome.Fault;
    }

    private static Outcome Vmlaunch(Core core, in Instruction instruction) =>
        Guard(core, ExitReason.Vmlaunch, instruction) ?? Enter(core, launch: true);

    private static Outcome Vmresume(Core core, in Instruction instruction) =>
        Guard(core, ExitReason.Vmresume, instruction) ?? Enter(core, launch: false);

    /// <summary>VMCALL — in root operation there is no monitor below (no dual-monitor treatment).</summary>
    private static Outcome Vmcall(Core core, in Instruction instruction)
    {
        if (!core.InVmxOperation)
            return core.Raise(Vector.UD);
        if (core.Intercepts(ExitReason.Vmcall, instruction, out Outcome exit))
            return exit;
        if (!IsVmxMode(core))
            return core.Raise(Vector.UD);
        return core.Cpl > 0 ? core.RaiseGp0() : core.SetVmxFlags(core.VmFail(VmInstructionError.VmcallInRoot));
    }

    /// <summary>VMFUNC — EPTP switching is the only function.</summary>
    private static Outcome Vmfunc(Core core, in Instruction instruction)
    {
        if (!core.InNonRoot || !Core.IsSet(core.CurrentVmcs, ProcControls2.EnableVmFunctions) || (uint)core.Gpr(0) > 63)
            return core.Raise(Vector.UD);
        Vmcs v = core.CurrentVmcs;
        var function = (int)(uint)core.Gpr(0);
        uint index = (uint)core.Gpr(1);
        if (function != 0 || (v[VmcsField.VmFunctionControls] & 1) == 0 || index > 511)
            return core.VmExit(ExitReason.Vmfunc, 0, instruction.Length);
        Hpa entry = core.ControlStructure(v, v[VmcsField.EptpListAddress]) + index * 8;
        ulong eptp = core.Memory.Read<ulong>(entry, core.InSeam, out _);
        if (!EntryControlChecks.IsValidEptp(eptp, core.Capabilities))
            return core.VmExit(ExitReason.Vmfunc, 0, instruction.Length);
        v[VmcsField.Eptp] = eptp;
        if (Core.IsSet(v, ProcControls2.EptViolationVe))
            v[VmcsField.EptpIndex] = index;
        core.ModeChanged();
        return Outcome.Next;
    }

    /// <summary>INVEPT — invalidate translations derived from EPT.</summary>
    private static Outcome Invept(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Invept, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Invept);
        return TryReadDescriptor(core, instruction, out ulong low, out ulong _)
            ? core.SetVmxFlags(core.Invept(core.ReadOperand(instruction, 0), low))
            : Outcome.Fault;
    }

    /// <summary>INVVPID — invalidate translations based on VPID.</summary>
    private static Outcome Invvpid(Core core, in Instruction instruction)
    {
        if (Guard(core, ExitReason.Invvpid, instruction) is { } end)
            return end;
        core.ChargeOperation(Operation.Invvpid);
        return TryReadDescriptor(core, instruction, out ulong low, out ulong high)
            ? core.SetVmxFlags(core.Invvpid(core.ReadOperand(instruction, 0), low, new Gva(high)))
            : Outcome.Fault;
    }

    /// <summary>What all but VMXON, VMCALL and VMFUNC begin with: #UD, VM exit, #GP; null when none applies.</summary>
    private static Outcome? Guard(Core core, ExitReason reason, in Instruction instruction)
    {
        if (!core.InVmxOperation || !IsVmxMode(core))
            return core.Raise(Vector.UD);
        ulong qualification = instruction.Op0Kind == OpKind.Memory || instruction.Op1Kind == OpKind.Memory
            ? instruction.MemoryDisplacement64
            : 0;
        if (core.Intercepts(reason, instruction, out Outcome exit, qualification))
            return exit;
        return core.Cpl > 0 ? core.RaiseGp0() : null;
    }

    private static Outcome Enter(Core core, bool launch)
    {
        VmxResult result = core.EnterGuest(launch, out Outcome outcome);
        return result == VmxResult.Succeed ? outcome : core.SetVmxFlags(result);
    }

    /// <summary>Protected mode, not virtual-8086, not compatibility mode.</summary>
    private static bool IsVmxMode(Core core)
    {
        bool compatibility = (core.Lp->Efer & EferBit.Lma) != 0 && !core.LongMode64;
        return (core.Lp->Cr0 & Cr0Bit.Pe) != 0 && (core.Lp->Rflags & RflagsBit.Vm) == 0 && !compatibility;
    }

    // An encoding with any of bits 63:32 set names no field.
    private static uint Encoding(ulong operand) => operand >> 32 == 0 ? (uint)operand : uint.MaxValue;

    private static bool TryReadDescriptor(Core core, in Instruction instruction, out ulong low, out ulong high)
    {
        Span<byte> descriptor = stackalloc byte[16];
        bool read = core.TryReadLinear(core.EffectiveAddress(instruction), descriptor, core.Cpl);
        low = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        high = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]);
        return read;
    }
}
