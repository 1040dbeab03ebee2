using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <summary>One leaf and sub-leaf: what the processor says, what TD_PARAMS asked for, what the TD will see.</summary>
/// <param name="Entry">The module's entry.</param>
/// <param name="Native">What the processor answers; zero above its highest leaf.</param>
/// <param name="Wanted">The slot of TD_PARAMS.CPUID_CONFIG; zero for a leaf that has none.</param>
/// <param name="Chosen">Bits that came from <see cref="CpuidQuestion.Settings"/>.</param>
/// <param name="Value">TDH.MNG.RD of CPUID_VALUES; null: the leaf raises #VE, or the TD was refused.</param>
internal sealed record CpuidLeafAnswer(
    CpuidEntry Entry, CpuidRegisters Native, CpuidRegisters Wanted, CpuidRegisters Chosen, CpuidRegisters? Value);

/// <summary>The module's no to TDH.MNG.INIT.</summary>
/// <param name="Status">RAX.</param>
/// <param name="Rcx">RCX: the CPUID leaf in bits 31:0 and its sub-leaf in bits 63:32, where the module named one.</param>
internal sealed record CpuidRefusal(TdxStatus Status, ulong Rcx);

/// <summary>How the TD's value of an MSR was obtained.</summary>
internal enum MsrEvidence : byte
{
    /// <summary>The host read the field of a DEBUG TD: TDH.MNG.RD.</summary>
    MetadataRead,

    /// <summary>The simulator read the TDCS through the TD's own key; a host could not.</summary>
    TdcsThroughKey,

    /// <summary>The module's rule for RDMSR, applied to the processor's value; no TD executed it.</summary>
    Rule,
}

/// <summary>An MSR that enumerates features.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">The manual's name.</param>
/// <param name="Native">What RDMSR gives on the host; what the module sampled at boot.</param>
/// <param name="Configured">What TD_PARAMS says; null: nothing.</param>
/// <param name="Seen">What RDMSR gives in the TD.</param>
/// <param name="Evidence">How <paramref name="Seen"/> is known.</param>
/// <param name="Why">The rule behind it.</param>
internal sealed record MsrAnswer(
    uint Number, string Name, ulong Native, ulong? Configured, ulong Seen, MsrEvidence Evidence, string Why);

/// <summary>What the module made of a question.</summary>
/// <param name="Question">The TD asked for.</param>
/// <param name="Module">The module that was asked.</param>
/// <param name="TscFrequency">TSC_FREQUENCY as it was asked for, in units of 25 MHz.</param>
/// <param name="Leaves">Every entry of the module, in its order.</param>
/// <param name="Msrs">Feature-enumerating MSRs; none when the TD was refused.</param>
/// <param name="Refusal">Why there is no TD; null when there was one.</param>
internal sealed record CpuidAnswer(
    CpuidQuestion Question, ModuleDefinition Module, ushort TscFrequency, IReadOnlyList<CpuidLeafAnswer> Leaves,
    IReadOnlyList<MsrAnswer> Msrs, CpuidRefusal? Refusal)
{
    /// <summary>The tables of the module.</summary>
    public ModuleTables Tables => Module.Tables;

    /// <summary>Settings for which TD_PARAMS has no place: the leaf has no slot, so no module was asked.</summary>
    public IReadOnlyList<CpuidSetting> Unplaced { get; init; } = [];

    /// <summary>The answer of a leaf; the sub-leaf is ignored where there is none. Null: #VE.</summary>
    public CpuidRegisters? Of(uint leaf, uint subleaf) =>
        Tables.Cpuid.Find(leaf, subleaf) is { } entry ? Leaves[entry.Index].Value : null;
}
