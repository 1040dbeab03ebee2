using System.Reflection;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>What the module makes of a bit of IA32_ARCH_CAPABILITIES; the words of the table's <c>rule</c>.</summary>
internal enum CapabilityRule : byte
{
    /// <summary>0 in every TD; also every bit without a row.</summary>
    Cleared,

    /// <summary>The processor's bit.</summary>
    Native,

    /// <summary>The processor's bit if TD_PARAMS configures it to 1.</summary>
    Configurable,

    /// <summary>1 if TD_PARAMS configures it to 1; else the processor's bit.</summary>
    Forced,

    /// <summary>The processor's bit if the TD has TSX.</summary>
    Tsx,
}

/// <summary>A named bit of IA32_ARCH_CAPABILITIES. Data/arch-capabilities.csv.</summary>
/// <param name="Bit">0..63.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Rule">What the module makes of it.</param>
internal sealed record CapabilityBit(int Bit, string Name, CapabilityRule Rule);

/// <summary>A bit of IA32_ARCH_CAPABILITIES as one TD has it.</summary>
/// <param name="Bit">The bit.</param>
/// <param name="Native">At boot.</param>
/// <param name="Configured">In TD_PARAMS.</param>
/// <param name="Value">What the rule gives.</param>
/// <param name="Why">The rule in words.</param>
internal sealed record CapabilityView(CapabilityBit Bit, bool Native, bool Configured, bool Value, string Why);

/// <summary>IA32_ARCH_CAPABILITIES bit by bit.</summary>
internal static class ArchCapabilities
{
    /// <summary>The register's number.</summary>
    public const uint Msr = 0x10A;

    /// <summary>The bits that have names.</summary>
    public static IReadOnlyList<CapabilityBit> Bits { get; } =
    [
        .. DataFile.Read(Assembly.GetExecutingAssembly(), "arch-capabilities.csv").Select(row => new CapabilityBit(
            (int)row.Number("bit"), row["name"], Enum.Parse<CapabilityRule>(row["rule"], ignoreCase: true))),
    ];

    /// <summary>Every named bit in a TD.</summary>
    /// <param name="native">The register at boot.</param>
    /// <param name="configured">TD_PARAMS; null: not configured.</param>
    /// <param name="tsx">Whether the TD has HLE and RTM.</param>
    public static IEnumerable<CapabilityView> Of(ulong native, ulong? configured, bool tsx) =>
        Bits.Select(bit => Of(bit, Has(native, bit), Has(configured ?? 0, bit), tsx));

    private static CapabilityView Of(CapabilityBit bit, bool native, bool wanted, bool tsx) => bit.Rule switch
    {
        CapabilityRule.Native => new(bit, native, wanted, native, Processor(native)),
        CapabilityRule.Configurable when native =>
            new(bit, native, wanted, wanted, wanted ? "configured by you" : "configurable, left 0 by you"),
        CapabilityRule.Configurable => new(bit, native, wanted, false, wanted
            ? "allowed by you, but the processor lacks it"
            : "configurable, but the processor lacks it"),
        CapabilityRule.Forced => new(bit, native, wanted, wanted || native, wanted
            ? "configured by you; the module then reports it whatever the processor has"
            : Processor(native)),
        CapabilityRule.Tsx when native => new(bit, native, wanted, tsx, tsx
            ? "native: the TD has HLE and RTM"
            : "off because the TD has neither HLE nor RTM"),
        CapabilityRule.Tsx => new(bit, native, wanted, false, Processor(native)),
        _ => new(bit, native, wanted, false, "fixed 0 by the module"),
    };

    private static string Processor(bool has) => has ? "native: the processor has it" : "native: the processor lacks it";

    private static bool Has(ulong value, CapabilityBit bit) => (value >> bit.Bit & 1) != 0;
}
