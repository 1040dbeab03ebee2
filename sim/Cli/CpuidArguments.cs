using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Isa.Models;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary>Reads what people write on the command line of <c>seamsim cpuid</c>; each refusal says what was expected.</summary>
internal static class CpuidArguments
{
    private const string SettingForm =
        "leaf.subleaf.register[bit]=0|1 (0x7.0.ebx[11]=1), leaf.subleaf.register.bit=0|1, leaf.subleaf.register=value "
        + "or the unique name of a field (RTM=0)";

    /// <summary>A mask: a number, or names of bits with commas between.</summary>
    /// <exception cref="ConfigurationException">It is neither.</exception>
    public static ulong Mask(string option, string text, IReadOnlyDictionary<string, int> names)
    {
        if (SettingReader.TryNumber(text, out ulong number))
            return number;
        ulong mask = 0;
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            mask |= names.TryGetValue(name.ToUpperInvariant(), out int bit)
                ? 1UL << bit
                : throw Wrong(option, text, $"\"{name}\" is unknown; expected a number or names out of {string.Join(", ", names.Keys)}");
        return mask;
    }

    /// <summary>IA32_ARCH_CAPABILITIES_CONFIG: a mask, or <c>none</c>.</summary>
    /// <exception cref="ConfigurationException">It is neither.</exception>
    public static ulong? Capabilities(string text) =>
        string.Equals(text, "none", StringComparison.OrdinalIgnoreCase)
            ? null
            : Mask("--arch-capabilities", text, ArchCapabilities.Bits.ToDictionary(bit => bit.Name, bit => bit.Bit));

    /// <summary>A difference of the processor.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static LpOverride Difference(string text) => LpOverride.TryParse(text, out LpOverride found, out string expected)
        ? found
        : throw Wrong("--cpu-differs", text, $"expected {expected}");

    /// <summary>A leaf and perhaps a sub-leaf: <c>0x7</c>, <c>0x7.0</c>.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static (uint Leaf, uint? Subleaf) Leaf(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length <= 2 && TryUInt(parts[0], out uint leaf))
        {
            if (parts.Length == 1)
                return (leaf, null);
            if (TryUInt(parts[1], out uint subleaf))
                return (leaf, subleaf);
        }
        throw Wrong("--leaf", text, "expected a leaf (0x7) or leaf and sub-leaf (0x7.0)");
    }

    /// <summary>Bits of CPUID_CONFIG.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or names what the module does not know.</exception>
    public static CpuidSetting Setting(string text, ModuleTables tables)
    {
        string[] sides = text.Split('=', StringSplitOptions.TrimEntries);
        if (sides.Length != 2 || !TryUInt(sides[1], out uint value))
            throw Wrong("--set", text, $"expected {SettingForm}");
        string[] parts = sides[0].Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
            .Split('.');
        return parts.Length == 1 ? ByName(text, sides[0], value, tables) : ByPlace(text, parts, value, tables);
    }

    private static CpuidSetting ByName(string text, string name, uint value, ModuleTables tables)
    {
        List<CpuidField> found =
        [
            .. tables.CpuidFields.Fields.Where(field =>
                field.Name is not ("" or "RSVD") && field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)),
        ];
        if (found.Count == 0)
            throw Wrong("--set", text, $"no CPUID field is called \"{name}\"{Like(name, tables)}; expected {SettingForm}");
        // Of several, only one may be something that can be set at all.
        if (found.Where(field => IsConfigurable(field, tables)).ToList() is [var only])
            found = [only];
        if (found.Count > 1)
            throw Wrong("--set", text, $"\"{name}\" is the name of {string.Join(" and of ", found.Select(CpuidNames.Of))}; "
                + "name one by leaf, sub-leaf, register and bit");
        CpuidField field = found[0];
        if (((ulong)value << field.Lsb & ~(ulong)field.Mask) != 0)
            throw Wrong("--set", text, $"{CpuidNames.Of(field)} has {Bits(field.Msb - field.Lsb + 1)}");
        return new CpuidSetting(
            field.Leaf, Plain(field.Subleaf), field.Register, field.Mask, value << field.Lsb);
    }

    private static CpuidSetting ByPlace(string text, string[] parts, uint value, ModuleTables tables)
    {
        if (parts.Length is not (3 or 4) || !TryUInt(parts[0], out uint leaf) || !TryUInt(parts[1], out uint subleaf))
            throw Wrong("--set", text, $"expected {SettingForm}");
        if (tables.Cpuid.Find(leaf, subleaf) is not { } entry || (entry.Subleaf == CpuidEntry.NoSubleaf && subleaf != 0))
            throw Wrong("--set", text, $"the module has no CPUID leaf {CpuidNames.Leaf(leaf, subleaf)}; {Leaves(leaf, tables)}");
        int register = CpuidNames.Registers.ToList().FindIndex(r => r.Equals(parts[2], StringComparison.OrdinalIgnoreCase));
        if (register < 0)
            throw Wrong("--set", text, $"\"{parts[2]}\" is no register; expected one of eax, ebx, ecx, edx");
        if (parts.Length == 3)
            return new CpuidSetting(leaf, subleaf, register, uint.MaxValue, value);
        if (!TryUInt(parts[3], out uint bit) || bit > 31)
            throw Wrong("--set", text, $"\"{parts[3]}\" is no bit of a register; expected 0..31");
        return value <= 1
            ? new CpuidSetting(leaf, subleaf, register, 1u << (int)bit, value << (int)bit)
            : throw Wrong("--set", text, "a bit is 0 or 1");
    }

    private static bool IsConfigurable(CpuidField field, ModuleTables tables) =>
        tables.Cpuid.Find(field.Leaf, field.Subleaf) is { } entry
        && ((entry.ConfigDirect | entry.AllowDirect)[field.Register] & field.Mask) != 0;

    private static string Like(string name, ModuleTables tables)
    {
        string[] near =
        [
            .. tables.CpuidFields.Fields.Select(field => field.Name).Distinct(StringComparer.Ordinal)
                .Where(other => other.Length > 2 && name.Length > 2
                    && (other.Contains(name, StringComparison.OrdinalIgnoreCase)
                        || name.Contains(other, StringComparison.OrdinalIgnoreCase)))
                .Take(6),
        ];
        return near.Length == 0 ? "" : $" (there is {string.Join(", ", near)})";
    }

    private static string Leaves(uint leaf, ModuleTables tables)
    {
        string[] same =
        [
            .. tables.Cpuid.Entries.Where(entry => entry.Leaf == leaf)
                .Select(entry => CpuidNames.Leaf(entry.Leaf, Plain(entry.Subleaf))),
        ];
        return same.Length > 0
            ? $"expected {string.Join(", ", same)}"
            : "those that can be configured are "
                + string.Join(", ", tables.Cpuid.Configurable.Select(e => CpuidNames.Leaf(e.Leaf, Plain(e.Subleaf))));
    }

    private static uint Plain(uint subleaf) => subleaf == CpuidEntry.NoSubleaf ? 0 : subleaf;

    private static string Bits(int count) =>
        count == 1 ? "one bit: 0 or 1" : string.Create(CultureInfo.InvariantCulture, $"{count} bits");

    private static bool TryUInt(string text, out uint value)
    {
        bool ok = SettingReader.TryNumber(text, out ulong wide) && wide <= uint.MaxValue;
        value = ok ? (uint)wide : 0;
        return ok;
    }

    private static ConfigurationException Wrong(string option, string text, string what) =>
        new($"seamsim cpuid: {option} {text}: {what}");
}
