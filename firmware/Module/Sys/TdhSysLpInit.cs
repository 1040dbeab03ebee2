using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.LP.INIT (leaf 35) — initialise the module on one LP. TDX Module 1.5 ABI, "TDH.SYS.LP.INIT Leaf".
/// </summary>
internal static class TdhSysLpInit
{
    private const int InveptGlobal = 2;
    private const uint MaxPackages = 8;

    public static LeafEnd Execute(LeafCall c)
    {
        (c.Rcx, c.Rdx, c.R8) = (0, 0, 0);

        ModuleData data = c.Data;
        LpData lp = data.Lp;
        if (!data.TryHoldGlobalLock(LockMode.Shared))                        return TdxStatus.SysBusy;
        if (data.State != SysState.SysInitDone)                              return TdxStatus.SysLpInitNotPending;
        if (lp.Initialized)                                                  return TdxStatus.SysLpInitDone;
        if (!c.P.TryRdrand(out ulong seed) || (uint)seed == 0)               return TdxStatus.RndNoEntropy;

        c.P.Invept(InveptGlobal, 0);
        if (c.P.Seamops(0, default, default, 0, 0).Rax != data.SeamopsCaps)
            return TdxStatus.IncompatibleSeamCapabilities;
        if (CompareMsrs(c, MsrSamplePhase.Early) is { IsError: true } early) return early;
        if (CheckCpuid(c, out uint x2ApicId) is { IsError: true } cpuid)     return cpuid;
        if (CompareMsrs(c, MsrSamplePhase.AfterCpuid) is { IsError: true } adjust) return adjust;
        if (CompareMsrs(c, MsrSamplePhase.Late) is { IsError: true } late)   return late;

        // Commit.
        lp.Id = (uint)c.P.LpIndex;
        lp.Lfsr = (uint)seed;
        lp.Package = x2ApicId >> data.PackageShift;
        lp.Core = x2ApicId & (1U << data.PackageShift) - 1;
        lp.Initialized = true;
        data.CountInitLp();
        return TdxStatus.Success;
    }

    private static TdxStatus CheckCpuid(LeafCall c, out uint x2ApicId)
    {
        TsxCpuidClear tsx = TsxCpuidClear.Lift(c.P);
        x2ApicId = 0;
        TdxStatus status = PlatformMsrs.LimitCpuidMaxval(c.P)
            ? TdxStatus.LimitCpuidMaxvalSet
            : CompareCpuid(c, out x2ApicId);
        tsx.Restore(c.P);
        return status;
    }

    private static TdxStatus CompareCpuid(LeafCall c, out uint x2ApicId)
    {
        uint maxBase = c.P.Cpuid(0, 0).Eax, maxExtended = c.P.Cpuid(0x8000_0000, 0).Eax;
        x2ApicId = 0;
        foreach (CpuidEntry entry in c.Tables.Cpuid.Entries)
        {
            if (!Cpuid.IsSupported(entry.Leaf, maxBase, maxExtended))
                continue;
            CpuidRegisters here = Cpuid.Native(c.P, entry, maxBase, maxExtended);
            CpuidRegisters module = Cpuid.ToRegisters(c.Data.Cpuid(entry.Index));
            if ((here & entry.VerifySame) != (module & entry.VerifySame))
                return Inconsistent(c, entry);
            if (entry.Leaf == 0x1F && entry.Subleaf == 0)
            {
                x2ApicId = here.Edx;
                uint package = x2ApicId >> c.Data.PackageShift;
                if (package >= MaxPackages)
                    return TdxStatus.InvalidPkgId.With(package);
            }
        }
        return TdxStatus.Success;
    }

    private static TdxStatus Inconsistent(LeafCall c, CpuidEntry entry)
    {
        c.Rcx = entry.Id;
        (c.Rdx, c.R8) = (entry.VerifySame.Low, entry.VerifySame.High);
        return TdxStatus.InconsistentCpuidField;
    }

    private static TdxStatus CompareMsrs(LeafCall c, MsrSamplePhase phase)
    {
        foreach (SampledMsr row in c.Tables.SampledMsrs.Rows)
        {
            if (row.Phase != phase)
                continue;
            ulong value = c.P.TryRdmsr(row.Msr, out ulong read) ? read : 0;
            if (value != c.Data.MsrSample(row.Index))
                return TdxStatus.InconsistentMsr.With(row.Msr);
        }
        return TdxStatus.Success;
    }
}
