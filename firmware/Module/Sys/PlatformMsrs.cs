using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>What TDH.SYS.INIT requires of the platform's MSRs. TDX module 1.5.01, platform checks.</summary>
internal static class PlatformMsrs
{
    public const uint Wbinvdp = 0x98;

    private const uint TscAdjust = 0x3B, ArchCapabilities = 0x10A, XapicDisableStatus = 0xBD, MiscPackageCtls = 0xBC,
        PerfCapabilities = 0x345, MiscEnable = 0x1A0, SeamrrMask = 0x1401, TmeCapability = 0x981, TmeActivate = 0x982,
        Wbnoinvdp = 0x99;
    private const uint VmxBasic = 0x480, VmxMisc = 0x485, Cr0Fixed0 = 0x486, Cr0Fixed1 = 0x487, Cr4Fixed0 = 0x488,
        Cr4Fixed1 = 0x489, EptVpidCap = 0x48C;

    private const ulong ArchCapabilitiesMustBe1 = 0x20FD6B, ArchCapabilitiesMustBe0 = 1 << 2;
    private const ulong FullWrite = 1 << 13, LimitMaxval = 1 << 22;
    private const ulong EptVpidRequired = 0x101_0633_4041;
    private const ulong MiscRequired = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 14 | 1 << 29, MinCr3Targets = 4;
    private const ulong Cr0Init = 0x21, Cr4Init = 0x2040, Cr0PePg = 1UL << 31 | 1;
    private const ulong TmeLocked = 1;
    private const int ActivatedAlgorithmsShift = 48;

    /// <summary>
    /// Bytes of the SEAM range: the lowest address bit its mask register compares. The highest is MAXPHYADDR - 1.
    /// </summary>
    public static ulong SeamrrBytes(ISeamPlatform p)
    {
        const ulong maskBits = 0x000F_FFFF_FE00_0000;
        return p.TryRdmsr(SeamrrMask, out ulong mask) ? mask & maskBits & ~(mask & maskBits) + 1 : 0;
    }

    /// <summary>IA32_MISC_ENABLE.LIMIT_CPUID_MAXVAL.</summary>
    public static bool LimitCpuidMaxval(ISeamPlatform p) =>
        p.TryRdmsr(MiscEnable, out ulong value) && (value & LimitMaxval) != 0;

    /// <summary>Whether IA32_TSC_ADJUST still is what SYS.INIT sampled.</summary>
    public static bool TscAdjustChanged(LeafCall c) =>
        c.P.TryRdmsr(TscAdjust, out ulong value) && value != Sample(c, TscAdjust);

    /// <summary>IA32_ARCH_CAPABILITIES as sampled.</summary>
    public static ulong SampledArchCapabilities(LeafCall c) => Sample(c, ArchCapabilities);

    /// <summary>IA32_VMX_EPT_VPID_CAP as sampled.</summary>
    public static ulong SampledEptVpidCap(LeafCall c) => Sample(c, EptVpidCap);

    /// <summary>Checks before CPUID, in the module's order.</summary>
    public static TdxStatus CheckEarly(LeafCall c)
    {
        ulong arch = Sample(c, ArchCapabilities);
        if ((arch & (ArchCapabilitiesMustBe1 | ArchCapabilitiesMustBe0)) != ArchCapabilitiesMustBe1)
            return Bad(ArchCapabilities);
        if (Sample(c, XapicDisableStatus) != 1)
            return Bad(XapicDisableStatus);
        if ((Sample(c, MiscPackageCtls) & 1) == 0)
            return Bad(MiscPackageCtls);
        if ((Sample(c, PerfCapabilities) & FullWrite) == 0)
            return Bad(PerfCapabilities);
        return TdxStatus.Success;
    }

    /// <summary>The VMX capabilities against what a TD VMCS and an L2 VMCS need.</summary>
    public static TdxStatus CheckVmx(LeafCall c)
    {
        ulong basic = Sample(c, VmxBasic);
        if ((basic >> 32 & 0x1FFF) > 4096 || (basic >> 54 & 3) != 3) return Bad(VmxBasic);
        if (CheckControls(c, c.Rules.Controls.Rows) is { IsError: true } l1) return l1;

        ulong misc = Sample(c, VmxMisc);
        if ((misc & MiscRequired) != MiscRequired || (misc >> 16 & 0x1FF) < MinCr3Targets) return Bad(VmxMisc);
        if ((Sample(c, EptVpidCap) & EptVpidRequired) != EptVpidRequired)                  return Bad(EptVpidCap);
        if ((Sample(c, Cr0Fixed0) & ~Cr0PePg & ~Cr0Init) != 0)                             return Bad(Cr0Fixed0);
        if ((Cr0Init & ~Sample(c, Cr0Fixed1)) != 0)                                        return Bad(Cr0Fixed1);
        if ((Sample(c, Cr4Fixed0) & ~Cr4Init) != 0)                                        return Bad(Cr4Fixed0);
        if ((Cr4Init & ~Sample(c, Cr4Fixed1)) != 0)                                        return Bad(Cr4Fixed1);
        // The CR0 and CR4 of an L2 VM start with the same values, so only its control words are left to check.
        return CheckControls(c, c.Rules.L2Controls.Rows);
    }

    /// <summary>Memory encryption: locked, with AES-XTS of the wanted kind, and not too many private KeyIDs.</summary>
    public static TdxStatus CheckTme(LeafCall c)
    {
        const ulong plain = 1 << 0 | 1 << 2, withIntegrity = 1 << 1 | 1 << 3;
        bool integrity = !WithoutIntegrity(c);
        ulong wanted = integrity ? withIntegrity : plain;

        ulong activate = Sample(c, TmeActivate);
        if ((activate & TmeLocked) == 0)                                return Bad(TmeActivate);
        if ((Sample(c, TmeCapability) & wanted) == 0)                   return Bad(TmeCapability);
        if ((activate >> ActivatedAlgorithmsShift & wanted) == 0)       return Bad(TmeActivate);
        if (c.P.Keys.LastPrivate >= Kot.MaxHkids)
            return TdxStatus.NumActivatedHkidsNotSupported.With((uint)Kot.MaxHkids);
        return Sample(c, Wbnoinvdp) != Sample(c, Wbinvdp) ? Bad(Wbnoinvdp) : TdxStatus.Success;
    }

    /// <summary>Whether the platform configures private keys without integrity.</summary>
    public static bool WithoutIntegrity(LeafCall c) =>
        c.P.Read<byte>(c.Data.SysInfo + SysInfoTable.TdxWithoutIntegrity) != 0;

    private static TdxStatus CheckControls(LeafCall c, IReadOnlyList<TdControlRow> rows)
    {
        foreach (TdControlRow row in rows)
            if (!row.IsSupportedBy(Sample(c, row.Msr)))
                return Bad(row.Msr);
        return TdxStatus.Success;
    }

    private static ulong Sample(LeafCall c, uint msr) => c.Data.MsrSample(c.Tables.SampledMsrs.SlotOf(msr));

    private static TdxStatus Bad(uint msr) => TdxStatus.IncorrectMsrValue.With(msr);
}
