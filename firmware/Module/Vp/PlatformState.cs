using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>What virtual CPUs ask of the processor they run on.</summary>
internal static class PlatformState
{
    private const uint TscAdjustMsr = 0x3B, MiscEnableMsr = 0x1A0, FeatureLeaf = 1;
    private const uint Cr0Fixed0Msr = 0x486, Cr0Fixed1Msr = 0x487, Cr4Fixed0Msr = 0x488, Cr4Fixed1Msr = 0x489;
    private const ulong LimitCpuidMaxval = 1UL << 22, EnableMonitorFsm = 1UL << 18;

    /// <summary>INCONSISTENT_MSR about IA32_TSC_ADJUST.</summary>
    public static TdxStatus TscAdjustChanged => TdxStatus.InconsistentMsr.With(TscAdjustMsr);

    /// <summary>INCORRECT_MSR_VALUE about IA32_MISC_ENABLE.</summary>
    public static TdxStatus MonitorFsmOff => TdxStatus.IncorrectMsrValue.With(MiscEnableMsr);

    /// <summary>Whether IA32_TSC_ADJUST has the value SYS.INIT sampled.</summary>
    public static bool TscAdjustIsUnchanged(LeafCall c) =>
        !c.P.TryRdmsr(TscAdjustMsr, out ulong now) || now == SampledMsrs.Of(c, TscAdjustMsr);

    /// <summary>IA32_MISC_ENABLE.LIMIT_CPUID_MAXVAL.</summary>
    public static bool LimitsCpuid(ISeamPlatform p) => (MiscEnable(p) & LimitCpuidMaxval) != 0;

    /// <summary>IA32_MISC_ENABLE.ENABLE_MONITOR_FSM.</summary>
    public static bool HasMonitorFsm(ISeamPlatform p) => (MiscEnable(p) & EnableMonitorFsm) != 0;

    /// <summary>CR bits that VMX fixes.</summary>
    public static CrFixedBits FixedBits(ISeamPlatform p) =>
        new(Read(p, Cr0Fixed0Msr), Read(p, Cr0Fixed1Msr), Read(p, Cr4Fixed0Msr), Read(p, Cr4Fixed1Msr));

    /// <summary>Linear address of the TD-exit entry.</summary>
    public static ulong TdExitEntry(LeafCall c) =>
        c.P.Read<ulong>(c.Data.SysInfo + SysInfoTable.CodeRegionBase)
        + c.P.Read<ulong>(c.Data.SysInfo + SysInfoTable.TdExitEntryOffset);

    /// <summary>CPUID(1).EAX as the module knows it: the platform's family, model and stepping.</summary>
    public static uint CpuidFamilyModelStepping(LeafCall c) =>
        c.Data.Cpuid(c.Tables.Cpuid.Find(FeatureLeaf, 0)!.Index).Eax;

    /// <summary>The deepest LBR stack CPUID(0x1C) offers.</summary>
    public static ulong MaximumLbrDepth(LeafCall c)
    {
        uint depths = c.P.Cpuid(0x1C, 0).Eax & 0xFF;
        return depths == 0 ? 0 : 8UL * ((uint)System.Numerics.BitOperations.Log2(depths) + 1);
    }

    private static ulong MiscEnable(ISeamPlatform p) => Read(p, MiscEnableMsr);

    private static ulong Read(ISeamPlatform p, uint msr) => p.TryRdmsr(msr, out ulong value) ? value : 0;
}
