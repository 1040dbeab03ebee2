using System.Globalization;
using System.Numerics;
using Seamsim.Host.Kernel;

namespace Seamsim.Consistency;

/// <summary>One bit of CPUID.</summary>
/// <param name="Leaf">EAX.</param>
/// <param name="Subleaf">ECX.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Bit">0..31.</param>
internal readonly record struct CpuidBit(uint Leaf, uint Subleaf, int Register, int Bit)
{
    /// <summary>By leaf, sub-leaf, register and position.</summary>
    public static Comparer<CpuidBit> InOrder { get; } = Comparer<CpuidBit>.Create((a, b) =>
        (a.Leaf, a.Subleaf, a.Register, a.Bit).CompareTo((b.Leaf, b.Subleaf, b.Register, b.Bit)));

    /// <summary>EAX, EBX, ECX or EDX.</summary>
    public string RegisterName => "EAXEBXECXEDX".Substring(Register * 3, 3);

    /// <summary>The register's value out of four.</summary>
    public static uint RegisterOf(in CpuidValue value, int register) => register switch
    {
        0 => value.Eax,
        1 => value.Ebx,
        2 => value.Ecx,
        _ => value.Edx,
    };

    /// <summary>Every bit that is 1 in four registers.</summary>
    public static IEnumerable<CpuidBit> In(uint leaf, uint subleaf, CpuidValue value)
    {
        for (int register = 0; register < 4; register++)
            for (uint bits = RegisterOf(value, register); bits != 0; bits &= bits - 1)
                yield return new CpuidBit(leaf, subleaf, register, BitOperations.TrailingZeroCount(bits));
    }

    /// <summary>The bit's value in four registers.</summary>
    public bool IsIn(in CpuidValue value) => (RegisterOf(value, Register) >> Bit & 1) != 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"0x{Leaf:X}.{Subleaf}.{RegisterName}[{Bit}]");
}
