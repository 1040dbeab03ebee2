using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>CPUID, MSRs, time-stamp counter, random numbers, PCONFIG. SDM vol. 2; named after the instructions.</summary>
internal static unsafe class Identification
{
    public static Outcome Cpuid(Core core, in Instruction i)
    {
        if (core.Intercepts(ExitReason.Cpuid, i, out Outcome exit))
            return exit;
        CpuidResult r = core.IsOnPlatform ? core.Cpuid((uint)core.Lp->Gpr[0], (uint)core.Lp->Gpr[1]) : default;
        (core.Lp->Gpr[0], core.Lp->Gpr[3], core.Lp->Gpr[1], core.Lp->Gpr[2]) = (r.Eax, r.Ebx, r.Ecx, r.Edx);
        core.ChargeOperation(Operation.Cpuid);
        return Outcome.Next;
    }

    public static Outcome Rdmsr(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        uint msr = (uint)core.Lp->Gpr[1];
        if (core.InterceptsRdmsr(msr, i, out Outcome exit))
            return exit;
        if (!core.ReadsVirtualApic(msr, out ulong value) && !core.TryRdmsr(msr, out value))
            return core.RaiseGp0();
        (core.Lp->Gpr[0], core.Lp->Gpr[2]) = ((uint)value, value >> 32);
        core.ChargeOperation(Operation.Rdmsr, msr);
        return Outcome.Next;
    }

    public static Outcome Wrmsr(Core core, in Instruction i)
    {
        if (core.Cpl != 0)
            return core.RaiseGp0();
        uint msr = (uint)core.Lp->Gpr[1];
        if (core.InterceptsWrmsr(msr, i, out Outcome exit))
            return exit;
        ulong value = (uint)core.Lp->Gpr[0] | (core.Lp->Gpr[2] << 32);
        bool legal = core.WritesVirtualApic(msr, value, out bool accepted) ? accepted : core.TryWrmsr(msr, value);
        if (!legal)
            return core.RaiseGp0();
        core.ChargeOperation(Operation.Wrmsr, msr);
        return Outcome.Next;
    }

    public static Outcome Rdtsc(Core core, in Instruction i)
    {
        if (TscIsPrivileged(core))
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Rdtsc, i, out Outcome exit))
            return exit;
        LoadTsc(core);
        return Outcome.Next;
    }

    public static Outcome Rdtscp(Core core, in Instruction i)
    {
        if (core.GuestLacks(ProcControls2.EnableRdtscp))
            return core.Raise(Vector.UD);
        if (TscIsPrivileged(core))
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Rdtscp, i, out Outcome exit))
            return exit;
        LoadTsc(core);
        core.Lp->Gpr[1] = (uint)core.Lp->TscAux;
        return Outcome.Next;
    }

    /// <summary>RDPMC: general counters, fixed counters (bit 30) and PERF_METRICS (bit 29).</summary>
    public static Outcome Rdpmc(Core core, in Instruction i)
    {
        const uint general = 0xC1, fixedCounters = 0x309, metrics = 0x329;
        bool allowed = core.Cpl == 0 || (core.Lp->Cr4 & Cr4Bit.Pce) != 0;
        if (!allowed)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Rdpmc, i, out Outcome exit))
            return exit;
        uint counter = (uint)core.Lp->Gpr[1], kind = counter >> 29, number = counter & 0x1FFF_FFFF;
        uint msr = kind switch { 0 when number < 8 => general, 2 when number < 4 => fixedCounters, 1 => metrics, _ => 0 };
        if (msr == 0 || (kind == 1 && number != 0) || !core.TryRdmsr(msr + number, out ulong value))
            return core.RaiseGp0();
        (core.Lp->Gpr[0], core.Lp->Gpr[2]) = ((uint)value, value >> 32);
        return Outcome.Next;
    }

    public static Outcome Rdpid(Core core, in Instruction i)
    {
        if (core.GuestLacks(ProcControls2.EnableRdtscp))
            return core.Raise(Vector.UD);
        core.WriteRegister(i.Op0Register, (uint)core.Lp->TscAux);
        return Outcome.Next;
    }

    public static Outcome Rdrand(Core core, in Instruction i)
    {
        if (core.Intercepts(ExitReason.Rdrand, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.Rdrand);
        bool ok = core.TryRdrand(out ulong value);
        return Random(core, i, ok, value);
    }

    public static Outcome Rdseed(Core core, in Instruction i)
    {
        if (core.Intercepts(ExitReason.Rdseed, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.Rdseed);
        bool ok = core.TryRdseed(out ulong value);
        return Random(core, i, ok, value);
    }

    /// <summary>PCONFIG leaf 0, MKTME_KEY_PROGRAM: RBX names a 256-byte structure.</summary>
    public static Outcome Pconfig(Core core, in Instruction i)
    {
        if (!core.IsOnPlatform || core.GuestLacks(ProcControls2.EnablePconfig))
            return core.Raise(Vector.UD);
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.Intercepts(ExitReason.Pconfig, i, out Outcome exit))
            return exit;
        Span<byte> structure = stackalloc byte[KeyEngine.StructBytes];
        ulong at = Segmentation.Linear(core, 3, core.Lp->Gpr[3], KeyEngine.StructBytes);
        if ((uint)core.Lp->Gpr[0] != 0 || (core.Lp->Gpr[3] & (KeyEngine.StructBytes - 1)) != 0)
            return core.RaiseGp0();
        if (!core.TryReadLinear(new Gva(at), structure, core.Cpl))
            return Outcome.Fault;
        if (!core.Uncore.KeyEngine.TryProgram(core.Package, structure, out PconfigResult result))
            return core.RaiseGp0();
        core.ChargeOperation(Operation.Pconfig);
        core.Lp->Gpr[0] = (uint)result;
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, result != PconfigResult.Success ? RflagsBit.Zf : 0);
        return Outcome.Next;
    }

    private static Outcome Random(Core core, in Instruction i, bool ok, ulong value)
    {
        core.WriteRegister(i.Op0Register, ok ? value : 0);
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, ok ? RflagsBit.Cf : 0);
        return Outcome.Next;
    }

    private static bool TscIsPrivileged(Core core) => (core.Lp->Cr4 & Cr4Bit.Tsd) != 0 && core.Cpl != 0;

    private static void LoadTsc(Core core)
    {
        core.ChargeOperation(Operation.Rdtsc);
        ulong tsc = core.GuestTsc(core.IsOnPlatform ? core.ReadTscAt(core.Lp->Cycles) : core.Lp->Cycles);
        core.Probe?.TimeUsed(core, timer: false, tsc);
        (core.Lp->Gpr[0], core.Lp->Gpr[2]) = ((uint)tsc, tsc >> 32);
    }
}
