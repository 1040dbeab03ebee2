using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What a TD reads from IA32_ARCH_CAPABILITIES and from the VMX capability MSRs. TDX Module 1.5 base specification,
/// "MSR virtualization" and "TD partitioning".
/// </summary>
internal static class VirtualMsrs
{
    private const ulong SsbNo = 1 << 4, TsxCtrl = 1 << 7, Rrsba = 1 << 19, BhiNo = 1 << 20, PbrsbNo = 1 << 24;
    private const ulong PerfmonAvailable = 1UL << 7, PebsUnavailable = 1UL << 12, PebsToPt = 1UL << 16;
    private const ulong Configurable = SsbNo | Rrsba | BhiNo | PbrsbNo;
    private const ulong AlwaysClear = 1 << 9 | 1 << 10 | 1 << 11 | 1 << 16 | 1 << 17 | 1 << 18 | 1 << 21 | 1 << 22
        | 1 << 23 | 0xFFFF_FFFF_FE00_0000;

    // What L1 may write into an L2 VMCS; TDX module 1.5.01, L2 VMCS control words.
    private const ulong L1Proc = 0x48D9_9A04, L1Proc2 = 0x0C51_3E0C, L1Proc3 = 0x0E, L1Entry = 0x200;
    private const ulong Cr0Init = 0x21, Cr0Writable = 0x8005_001F, Cr4Init = 0x2040, Cr4Writable = 0x03FF_1FBF;
    private const ulong BasicBits = 7UL << 54;
    private const ulong MiscBits = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 14 | 4 << 16 | 1 << 29 | 1 << 30;
    private const ulong EptBits = 1 << 0 | 1 << 16 | 1 << 17 | 1 << 22, SupervisorShadowStack = 1 << 23, CetSBit = 12;

    /// <summary>Whether TD_PARAMS may ask for these IA32_ARCH_CAPABILITIES bits.</summary>
    public static bool AcceptsArchCapabilities(ulong wanted, bool configured) =>
        (wanted & ~Configurable) == 0 && (configured || wanted == 0);

    /// <summary>IA32_ARCH_CAPABILITIES of a TD.</summary>
    public static ulong ArchCapabilities(ulong native, ulong wanted, bool tsx)
    {
        ulong value = native & ~AlwaysClear & ~(SsbNo | BhiNo | PbrsbNo);
        value |= native & wanted & (SsbNo | BhiNo | PbrsbNo);
        value |= wanted & Rrsba;
        return tsx ? value : value & ~TsxCtrl;
    }

    /// <summary>IA32_MISC_ENABLE of a TD without performance monitoring, when RDMSR exits.</summary>
    public static ulong MiscEnable(ulong native) => native & ~PerfmonAvailable | PebsUnavailable;

    /// <summary>IA32_PERF_CAPABILITIES of a TD, when RDMSR exits.</summary>
    public static ulong PerfCapabilities(ulong native, bool perfmon) => perfmon ? native & ~PebsToPt : 0;

    /// <summary>Stores the VMX capability MSRs in the order of the TDCS, BASIC first.</summary>
    public static void StoreVmx(LeafCall c, Tdcs tdcs)
    {
        ulong ept = EptBits | ((tdcs.Xfam >> (int)CetSBit & 1) != 0 ? SupervisorShadowStack : 0);
        ReadOnlySpan<ulong> values =
        [
            BasicBits,
            MiscBits,
            Cr0Init & ~Cr0Writable, Cr0Init | Cr0Writable,
            Cr4Init & ~Cr4Writable, Cr4Init | Cr4Writable,
            Controls(c, TdControlWord.Proc2, Proc2Writable(tdcs)),
            ept & PlatformMsrs.SampledEptVpidCap(c) | EptBits,
            Controls(c, TdControlWord.Pin, 0),
            Controls(c, TdControlWord.Proc, ProcWritable(tdcs)),
            Controls(c, TdControlWord.Exit, 0),
            Controls(c, TdControlWord.Entry, L1Entry),
            0,
            c.Rules.L2Controls.Of(TdControlWord.Proc3).Init | L1Proc3,
            0,
        ];
        for (int i = 0; i < values.Length; i++)
            tdcs.SetVirtualMsr(i, values[i]);
    }

    // L1 can only intercept in L2 what it has itself.
    private static ulong ProcWritable(Tdcs tdcs) =>
        (tdcs.Attributes & TdAttributes.Perfmon) != 0 ? L1Proc : L1Proc & ~(ulong)ProcControls.RdpmcExiting;

    private static ulong Proc2Writable(Tdcs tdcs) =>
        L1Proc2
        & ~(tdcs.Has(CpuidFlag.Waitpkg) ? 0UL : ProcControls2.EnableUserWaitAndPause)
        & ~(tdcs.Has(CpuidFlag.Mktme) ? 0UL : ProcControls2.EnablePconfig);

    // Low dword: what must be 1. High dword: what may be 1.
    private static ulong Controls(LeafCall c, TdControlWord word, ulong l1Writable)
    {
        ulong init = c.Rules.L2Controls.Of(word).Init;
        return init & ~l1Writable & 0xFFFF_FFFF | (init | l1Writable) << 32;
    }
}
