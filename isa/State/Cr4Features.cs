using Seamsim.Isa.Seam;

namespace Seamsim.Isa.State;

/// <summary>
/// Which CPUID bit brings which bit of CR4. SDM vol. 3A, 2.5; vol. 2, "CPUID". Linear-address masking (CR4.LAM_SUP)
/// and Key Locker are rows here too, so that a model without them reserves their bits.
/// </summary>
internal static class Cr4Features
{
    /// <summary>Registers of a CPUID leaf in the order of <see cref="Row.Register"/>.</summary>
    private const int Eax = 0, Ebx = 1, Ecx = 2, Edx = 3;

    private const ulong LamSup = 1UL << 28;

    private static readonly Row[] Rows =
    [
        new(Cr4Bit.Vme,        1, 0, Edx,  1), new(Cr4Bit.Pvi,      1, 0, Edx,  1), new(Cr4Bit.Tsd,     1, 0, Edx,  4),
        new(Cr4Bit.De,         1, 0, Edx,  2), new(Cr4Bit.Pse,      1, 0, Edx,  3), new(Cr4Bit.Pae,     1, 0, Edx,  6),
        new(Cr4Bit.Mce,        1, 0, Edx,  7), new(Cr4Bit.Pge,      1, 0, Edx, 13), new(Cr4Bit.Pce,     1, 0, Edx,  5),
        new(Cr4Bit.Osfxsr,     1, 0, Edx, 24), new(Cr4Bit.Osxmmexcpt, 1, 0, Edx, 25), new(Cr4Bit.Umip,  7, 0, Ecx,  2),
        new(Cr4Bit.La57,       7, 0, Ecx, 16), new(Cr4Bit.Vmxe,     1, 0, Ecx,  5), new(Cr4Bit.Smxe,    1, 0, Ecx,  6),
        new(Cr4Bit.Fsgsbase,   7, 0, Ebx,  0), new(Cr4Bit.Pcide,    1, 0, Ecx, 17), new(Cr4Bit.Osxsave, 1, 0, Ecx, 26),
        new(Cr4Bit.Kl,         7, 0, Ecx, 23), new(Cr4Bit.Smep,     7, 0, Ebx,  7), new(Cr4Bit.Smap,    7, 0, Ebx, 20),
        new(Cr4Bit.Pke,        7, 0, Ecx,  3), new(Cr4Bit.Cet,      7, 0, Ecx,  7), new(Cr4Bit.Cet,     7, 0, Edx, 20),
        new(Cr4Bit.Pks,        7, 0, Ecx, 31), new(Cr4Bit.Uintr,    7, 0, Edx,  5), new(LamSup,         7, 1, Eax, 26),
    ];

    /// <summary>Every bit with a name, LAM_SUP apart.</summary>
    public static ulong All { get; } = Rows.Aggregate(0UL, (bits, row) => bits | row.Bit) & ~LamSup;

    /// <summary>The bits that a processor with these CPUID leaves has; CR4.PCE comes with the MSRs.</summary>
    public static ulong Of(Func<uint, uint, CpuidResult> cpuid)
    {
        ulong bits = 0;
        foreach (Row row in Rows)
        {
            CpuidResult leaf = cpuid(row.Leaf, row.Subleaf);
            uint value = row.Register switch { Eax => leaf.Eax, Ebx => leaf.Ebx, Ecx => leaf.Ecx, _ => leaf.Edx };
            if ((value >> row.Position & 1) != 0)
                bits |= row.Bit;
        }
        return bits;
    }

    private readonly record struct Row(ulong Bit, uint Leaf, uint Subleaf, int Register, int Position);
}
