using System.Globalization;

namespace Seamsim.Isa.Models;

/// <summary>
/// What one logical processor answers differently from its model: a CPUID register, a bit of it, or an MSR.
/// </summary>
/// <param name="IsMsr">An MSR; otherwise CPUID.</param>
/// <param name="Number">CPUID leaf or MSR number.</param>
/// <param name="Subleaf">CPUID subleaf.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Mask">Bits that differ.</param>
/// <param name="Value">Their values, in place.</param>
public readonly record struct LpOverride(bool IsMsr, uint Number, uint Subleaf, int Register, ulong Mask, ulong Value)
{
    private static readonly string[] Registers = ["eax", "ebx", "ecx", "edx"];

    /// <summary>
    /// Parses <c>0x7.0.ebx=0x123</c>, <c>0x7.0.ebx[11]=0</c> or <c>msr.0x3b=5</c> (<c>msr.0x3b[4]=1</c>).
    /// </summary>
    public static bool TryParse(string text, out LpOverride result, out string expected)
    {
        result = default;
        expected = "leaf.subleaf.register=value, leaf.subleaf.register[bit]=0|1 or msr.number=value";
        string[] sides = text.Split('=', StringSplitOptions.TrimEntries);
        if (sides.Length != 2 || !ModelTable.TryNumber(sides[1], out ulong value))
            return false;

        string name = sides[0];
        ulong mask = ulong.MaxValue;
        if (name.IndexOf('[', StringComparison.Ordinal) is var open and >= 0)
        {
            if (!name.EndsWith(']') || value > 1
                || !int.TryParse(name.AsSpan(open + 1, name.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture, out int bit)
                || bit > 63)
                return false;
            (mask, value, name) = (1UL << bit, value << bit, name[..open]);
        }

        string[] parts = name.ToLowerInvariant().Split('.');
        if (parts is ["msr", var msr] && ModelTable.TryNumber(msr, out ulong number) && number <= uint.MaxValue)
        {
            result = new LpOverride(true, (uint)number, 0, 0, mask, value & mask);
            return true;
        }
        if (parts is not [var leafText, var subleafText, var registerText]
            || !ModelTable.TryNumber(leafText, out ulong leaf) || leaf > uint.MaxValue
            || !ModelTable.TryNumber(subleafText, out ulong subleaf) || subleaf > uint.MaxValue
            || Array.IndexOf(Registers, registerText) is var register && register < 0)
            return false;
        mask &= uint.MaxValue;
        if (mask == 0 || (value & ~mask) != 0)
            return false;
        result = new LpOverride(false, (uint)leaf, (uint)subleaf, register, mask, value);
        return true;
    }

    /// <summary>A value with the differing bits replaced.</summary>
    public ulong Apply(ulong value) => (value & ~Mask) | Value;
}
