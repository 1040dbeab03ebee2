using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>The six VMX control words of a TD VMCS.</summary>
internal enum TdControlWord : byte
{
#pragma warning disable CS1591 // the SDM's names, shortened
    Pin, Proc, Proc2, Proc3, Exit, Entry,
#pragma warning restore CS1591
}

/// <summary>How the module sets one control word of a TD VMCS from the capability MSR.</summary>
/// <param name="Word">Which word.</param>
/// <param name="Msr">The capability MSR: low dword the bits that must be 1, high dword those that may be.</param>
/// <param name="Init">Bits the module sets.</param>
/// <param name="Variable">Bits that differ between TDs: both values must be allowed.</param>
/// <param name="Unknown">Bits the module does not know: it takes what the processor insists on.</param>
internal readonly record struct TdControlRow(TdControlWord Word, uint Msr, ulong Init, ulong Variable, ulong Unknown)
{
    /// <summary>Tertiary controls have no must-be-1 half: the MSR is one 64-bit mask of allowed bits.</summary>
    public bool IsMask => Word == TdControlWord.Proc3;

    /// <summary>Whether a sampled capability MSR can serve a TD; SYS.INIT refuses the platform otherwise.</summary>
    public bool IsSupportedBy(ulong msr)
    {
        ulong required = IsMask ? 0 : (uint)msr, allowed = IsMask ? msr : msr >> 32;
        return (required & ~(Init | Unknown)) == 0
            && (Init & ~allowed) == 0
            && (Variable & ~allowed) == 0 && (Variable & required & ~Init) == 0;
    }

    /// <summary>The word before per-TD variations.</summary>
    public ulong Base(ulong msr) => IsMask ? Init : Init | (uint)msr;
}

/// <summary>
/// What the VMCS of a TD, or of an L2 VM, needs of the processor: a file of Data/…/td-vmx-controls*.csv. TDX Module
/// 1.5.01, "VMCS control words".
/// </summary>
internal sealed class VmxControlTable(string file)
{
    private readonly TdControlRow[] rows =
    [
        .. DataFile.Read(file).Select(row => new TdControlRow(
            Enum.Parse<TdControlWord>(row["word"]), (uint)row.Number("msr"), row.Number("init"), row.Number("variable"),
            row.Number("unknown"))),
    ];

    /// <summary>All rows in the order SYS.INIT checks them.</summary>
    public IReadOnlyList<TdControlRow> Rows => rows;

    /// <summary>The row of a word.</summary>
    public TdControlRow Of(TdControlWord word) => rows[(int)word];
}
