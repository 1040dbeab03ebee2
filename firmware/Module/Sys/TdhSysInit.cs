using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.INIT (leaf 33) — initialise the module, once per platform. TDX Module 1.5 ABI, "TDH.SYS.INIT Leaf".
/// </summary>
internal static class TdhSysInit
{
    private const ulong SeamopsGetRefLeaf = 4;
    private const ulong RequiredSeamopsCaps = 1 << 4 | 1 << 5;

    public static LeafEnd Execute(LeafCall c)
    {
        ulong attributes = c.Rcx;
        (c.Rcx, c.Rdx, c.R8, c.R9, c.R10) = (0, 0, 0, 0, 0);

        ModuleData data = c.Data;
        if (!data.TryHoldGlobalLock(LockMode.Exclusive))   return TdxStatus.SysBusy;
        if (attributes != 0)                               return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (data.State != SysState.SysInitPending)         return TdxStatus.SysInitNotPending;

        SamplePlatform(c);
        if (PlatformMsrs.CheckEarly(c) is { IsError: true } early) return early;

        LeafEnd cpuid = CheckCpuid(c);
        if (cpuid.End == SeamEnd.Shutdown || cpuid.Status.IsError) return cpuid;

        if (PlatformMsrs.CheckVmx(c) is { IsError: true } vmx)     return vmx;
        if (PlatformMsrs.CheckTme(c) is { IsError: true } tme)     return tme;

        Cmr[] cmrs = Cmr.ReadAll(c.P, data.SysInfo);
        if (!Cmr.AreValid(cmrs, c.P.Keys))                         return TdxStatus.CmrListInvalid;
        if (SmrrCheck.Check(c, cmrs) is { IsError: true } smrr)    return smrr;

        data.SeamopsCaps = c.P.Seamops(0, default, default, 0, 0).Rax;
        if ((data.SeamopsCaps & RequiredSeamopsCaps) != RequiredSeamopsCaps)
            return TdxStatus.IncompatibleSeamCapabilities;
        if (!HandoffIsCompatible(c))                               return TdxStatus.SysIncompatibleSigstruct;
        SeamopsResult reference = c.P.Seamops(SeamopsGetRefLeaf, default, default, 0, 0);
        if (reference.Rax != 0)                                    return LeafEnd.Fatal;
        if (!c.P.TryRdrand(out ulong canary))                      return TdxStatus.RndNoEntropy;

        // Commit.
        data.Canary = canary;
        StoreSeamdbReference(c, reference);
        (data.NumInitLps, data.NumInitPkgs) = (0, 0);
        data.State = SysState.SysInitDone;
        return TdxStatus.Success;
    }

    // Samples stay after a failure; the call may be repeated because the state does not change.
    private static void SamplePlatform(LeafCall c)
    {
        ModuleData data = c.Data;
        data.NumLps = c.P.Read<uint>(data.SysInfo + SysInfoTable.NumLps);
        data.NumPkgs = c.P.Read<uint>(data.SysInfo + SysInfoTable.NumSockets);
        data.SeamrrSize = PlatformMsrs.SeamrrBytes(c.P);
        foreach (SampledMsr row in c.Tables.SampledMsrs.Rows)
            data.SetMsrSample(row.Index, c.P.TryRdmsr(row.Msr, out ulong value) ? value : 0);
        data.WbinvdBlocks = data.MsrSample(c.Tables.SampledMsrs.SlotOf(PlatformMsrs.Wbinvdp));
        data.PlatformFms = Cpuid.PlatformFms(c.P, data.SysInfo);
    }

    // TSX_CTRL.TSX_CPUID_CLEAR would hide HLE and RTM: it is cleared while CPUID is read, and restored in any case.
    private static LeafEnd CheckCpuid(LeafCall c)
    {
        TsxCpuidClear tsx = TsxCpuidClear.Lift(c.P);
        LeafEnd end = PlatformMsrs.LimitCpuidMaxval(c.P) ? TdxStatus.LimitCpuidMaxvalSet : CpuidCapture.Run(c);
        tsx.Restore(c.P);
        return end;
    }

    private static bool HandoffIsCompatible(LeafCall c)
    {
        Isa.Hpa sysInfo = c.Data.SysInfo;
        ushort moduleHv = c.P.Read<ushort>(sysInfo + SysInfoTable.ModuleHv);
        ushort minUpdateHv = c.P.Read<ushort>(sysInfo + SysInfoTable.MinUpdateHv);
        bool noDowngrade = c.P.Read<byte>(sysInfo + SysInfoTable.NoDowngrade) != 0;
        uint pages = c.P.Read<ushort>(sysInfo + SysInfoTable.NumHandoffPages) + 1u;
        return minUpdateHv <= moduleHv && (!noDowngrade || minUpdateHv == moduleHv) && pages >= Handoff.Pages;
    }

    private static void StoreSeamdbReference(LeafCall c, in SeamopsResult reference)
    {
        c.Data.SeamdbIndex = reference.R10;
        c.P.Write(c.Data.SeamdbNonce(0), reference.R11);
        c.P.Write(c.Data.SeamdbNonce(1), reference.R12);
        c.P.Write(c.Data.SeamdbNonce(2), reference.R13);
        c.P.Write(c.Data.SeamdbNonce(3), reference.R14);
    }
}
