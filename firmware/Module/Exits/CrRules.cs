using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>What the module decides about an instruction it has to emulate or refuse.</summary>
internal enum GuestVerdict : byte
{
    /// <summary>The new value takes effect and RIP moves on.</summary>
    Apply,

    /// <summary>#GP(0).</summary>
    Gp,

    /// <summary>#VE.</summary>
    Ve,
}

/// <summary>CR0 and CR4 bits as the processor fixes them: IA32_VMX_CR0_FIXED0/1 and IA32_VMX_CR4_FIXED0/1.</summary>
internal readonly record struct CrFixedBits(ulong Cr0Fixed0, ulong Cr0Fixed1, ulong Cr4Fixed0, ulong Cr4Fixed1);

/// <summary>
/// CR0 and CR4 of a TD: guest/host masks, read shadows and what becomes of a write that exited.
/// Intel TDX Module 1.5 Base, "CR0 and CR4 handling".
/// </summary>
internal static class CrRules
{
    public const ulong Pe = 1UL << 0, Mp = 1UL << 1, Em = 1UL << 2, Ts = 1UL << 3, Ne = 1UL << 5, Wp = 1UL << 16,
                       Nw = 1UL << 29, Cd = 1UL << 30, Pg = 1UL << 31;

    public const ulong Pae = 1UL << 5, Mce = 1UL << 6, La57 = 1UL << 12, Vmxe = 1UL << 13, Smxe = 1UL << 14,
                       Pcide = 1UL << 17, OsXsave = 1UL << 18, KeyLocker = 1UL << 19, Pke = 1UL << 22, Cet = 1UL << 23,
                       Pks = 1UL << 24, Uintr = 1UL << 25;

    /// <summary>CR0 bits 63:32, 28:19, 17 and 15:6: no meaning today, kept as they are.</summary>
    public const ulong Cr0Reserved = 0xFFFF_FFFF_0000_0000 | 0x1FF8_0000 | 1UL << 17 | 0xFFC0;

    // Bit 15 and the bits from 26 up have no meaning a TD could rely on.
    private const ulong Cr4Reserved = 0xFFFF_FFFF_FC00_0000 | 1UL << 15;

    /// <summary>CR0 guest/host mask of a TD VMCS.</summary>
    public static ulong Cr0Mask(in CrFixedBits f) =>
        (f.Cr0Fixed0 | ~f.Cr0Fixed1) & ~Pg | Pe | Ne | Nw | Cd | Cr0Reserved;

    /// <summary>CR0 read shadow of a TD VMCS.</summary>
    public static ulong Cr0Shadow(in CrFixedBits f) => f.Cr0Fixed0 | Pe | Ne;

    /// <summary>CR4 guest/host mask of a TD VMCS.</summary>
    public static ulong Cr4Mask(in CrFixedBits f, ulong attributes, ulong xfam) =>
        f.Cr4Fixed0 | ~f.Cr4Fixed1 | Mce | Vmxe | Smxe | Cr4Reserved | Cr4Unavailable(attributes, xfam);

    /// <summary>CR4 read shadow of a TD VMCS.</summary>
    public static ulong Cr4Shadow(in CrFixedBits f) => f.Cr4Fixed0 & ~Vmxe | Mce;

    /// <summary>CR4 bits of features the TD does not have.</summary>
    public static ulong Cr4Unavailable(ulong attributes, ulong xfam) =>
        ((xfam & XfamBits.Pkru) == 0 ? Pke : 0)
        | ((xfam & XfamBits.Cet) != XfamBits.Cet ? Cet : 0)
        | ((xfam & XfamBits.Uintr) == 0 ? Uintr : 0)
        | ((attributes & TdAttributes.Kl) == 0 ? KeyLocker : 0)
        | ((attributes & TdAttributes.Pks) == 0 ? Pks : 0);

    /// <summary>A write of <paramref name="value"/> to CR0 that exited; on Apply the new GUEST_CR0.</summary>
    public static (GuestVerdict Verdict, ulong Cr0) WriteCr0(in CrFixedBits f, ulong value, ulong oldCr0, ulong cr4)
    {
        ulong mustBeOne = f.Cr0Fixed0 & ~(Pe | Pg | Ne);
        if ((value & mustBeOne) != mustBeOne || (value & ~f.Cr0Fixed1) != 0)
            return (GuestVerdict.Gp, oldCr0);
        if ((value & (Pe | Pg)) == Pg || (value & Wp) == 0 && (cr4 & Cet) != 0)
            return (GuestVerdict.Gp, oldCr0);
        bool setsReserved = ((value ^ oldCr0) & value & Cr0Reserved) != 0;
        if ((value & (Pe | Ne)) != (Pe | Ne) || (value & (Nw | Cd)) != 0 || setsReserved)
            return (GuestVerdict.Ve, oldCr0);
        return (GuestVerdict.Apply, value & ~Cr0Reserved | oldCr0 & Cr0Reserved);
    }

    /// <summary>LMSW writes TS, EM and MP and leaves the rest.</summary>
    public static ulong Lmsw(uint source, ulong oldCr0) => oldCr0 & ~(Ts | Em | Mp) | source & (Ts | Em | Mp);

    /// <summary>A write of <paramref name="value"/> to CR4 that exited: never applied.</summary>
    public static GuestVerdict WriteCr4(
        in CrFixedBits f, ulong value, ulong cr0, ulong attributes, ulong xfam)
    {
        // VMXE is 0 for the TD although the processor insists on it.
        if ((value & ~f.Cr4Fixed1) != 0 || (value & Cr4Unavailable(attributes, xfam)) != 0)
            return GuestVerdict.Gp;
        return (value & Cet) != 0 && (cr0 & Wp) == 0 ? GuestVerdict.Gp : GuestVerdict.Ve;
    }
}

/// <summary>Component bits of XFAM. SDM vol. 1, 13.1.</summary>
internal static class XfamBits
{
    public const ulong X87 = 1UL << 0, Sse = 1UL << 1, Avx = 1UL << 2, Avx512 = 7UL << 5, Pt = 1UL << 8,
                       Pkru = 1UL << 9, Cet = 3UL << 11, Uintr = 1UL << 14, Lbr = 1UL << 15, Amx = 3UL << 17;

    /// <summary>Components that XCR0 manages.</summary>
    public const ulong User = 0x602FF;

    /// <summary>Components that IA32_XSS manages.</summary>
    public const ulong Supervisor = 0x1FD00;

    /// <summary>
    /// Whether a value may be written to XCR0 when <paramref name="allowed"/> components exist. SDM vol. 1, 13.3.
    /// </summary>
    public static bool IsLegalXcr0(ulong value, ulong allowed) =>
        (value & X87) != 0
        && (value & ~(allowed & User)) == 0
        && ((value & Avx) == 0 || (value & Sse) != 0)
        && ((value & Avx512) == 0 || (value & (Avx512 | Avx)) == (Avx512 | Avx))
        && ((value & Amx) is 0 or Amx);
}
