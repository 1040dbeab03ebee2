using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>An instruction about to be executed, in words.</summary>
internal static unsafe class FuzzTrace
{
    public static string Line(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        byte[] code = new byte[15];
        ulong at = core.LongMode64 ? lp->Rip : (uint)(lp->Cs.Base + lp->Rip);
        core.Memory.Read(new Hpa(at & (FuzzLayout.MemoryBytes - 1)), code, false);
        Instruction instruction = Decoder.Create(core.CodeSize switch { 0 => 64, 1 => 32, _ => 16 }, code, lp->Rip).Decode();
        return $"{lp->Cs.Selector:X}:{lp->Rip:X} {instruction} [{Convert.ToHexString(code, 0, instruction.Length)}] "
            + $"cpl={core.Cpl} flags={core.Rflags:X} cr0={lp->Cr0:X} cr4={lp->Cr4:X} efer={lp->Efer:X} dr7={lp->Dr7:X} "
            + $"rsp={lp->Gpr[4]:X} rbp={lp->Gpr[5]:X} ss={lp->Ss.Base:X} cycles={lp->Cycles:X}";
    }
}
