namespace Seamsim.Isa.State;

/// <summary>Bits of RFLAGS. SDM vol. 1, 3.4.3.</summary>
internal static class RflagsBit
{
    public const ulong Cf = 1UL << 0, Fixed1 = 1UL << 1, Pf = 1UL << 2, Af = 1UL << 4, Zf = 1UL << 6, Sf = 1UL << 7;
    public const ulong Tf = 1UL << 8, If = 1UL << 9, Df = 1UL << 10, Of = 1UL << 11, Iopl = 3UL << 12, Nt = 1UL << 14;
    public const ulong Rf = 1UL << 16, Vm = 1UL << 17, Ac = 1UL << 18, Vif = 1UL << 19, Vip = 1UL << 20, Id = 1UL << 21;

    /// <summary>The six arithmetic flags.</summary>
    public const ulong Arithmetic = Cf | Pf | Af | Zf | Sf | Of;

    /// <summary>Every bit that is not reserved.</summary>
    public const ulong Defined = Arithmetic | Tf | If | Df | Iopl | Nt | Rf | Vm | Ac | Vif | Vip | Id;
}

/// <summary>Bits of CR0. SDM vol. 3A, 2.5.</summary>
internal static class Cr0Bit
{
    public const ulong Pe = 1UL << 0, Mp = 1UL << 1, Em = 1UL << 2, Ts = 1UL << 3, Et = 1UL << 4, Ne = 1UL << 5;
    public const ulong Wp = 1UL << 16, Am = 1UL << 18, Nw = 1UL << 29, Cd = 1UL << 30, Pg = 1UL << 31;
}

/// <summary>Bits of CR4. SDM vol. 3A, 2.5.</summary>
internal static class Cr4Bit
{
    public const ulong Vme = 1UL << 0, Pvi = 1UL << 1, Tsd = 1UL << 2, De = 1UL << 3, Pse = 1UL << 4, Pae = 1UL << 5;
    public const ulong Mce = 1UL << 6, Pge = 1UL << 7, Pce = 1UL << 8, Osfxsr = 1UL << 9, Osxmmexcpt = 1UL << 10;
    public const ulong Umip = 1UL << 11, La57 = 1UL << 12, Vmxe = 1UL << 13, Smxe = 1UL << 14, Fsgsbase = 1UL << 16;
    public const ulong Pcide = 1UL << 17, Osxsave = 1UL << 18, Kl = 1UL << 19, Smep = 1UL << 20, Smap = 1UL << 21;
    public const ulong Pke = 1UL << 22, Cet = 1UL << 23, Pks = 1UL << 24, Uintr = 1UL << 25;
}

/// <summary>Bits of IA32_EFER. SDM vol. 4, MSR C0000080H.</summary>
internal static class EferBit
{
    public const ulong Sce = 1UL << 0, Lme = 1UL << 8, Lma = 1UL << 10, Nxe = 1UL << 11;
}

/// <summary>Access rights of a segment in the VMCS format. SDM vol. 3C, 24.4.1.</summary>
internal static class SegmentBit
{
    public const uint Accessed = 1u << 0, Writable = 1u << 1, ExpandDown = 1u << 2, Code = 1u << 3, S = 1u << 4;
    public const uint Readable = 1u << 1, Conforming = 1u << 2, Present = 1u << 7, Long = 1u << 13, Big = 1u << 14;
    public const uint Granularity = 1u << 15, Unusable = 1u << 16;
}
