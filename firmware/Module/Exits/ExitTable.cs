using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>What the module does about a VM exit of a TD that is not the stepping defence's business.</summary>
internal enum ExitAction : byte
{
    /// <summary>The module cannot go on: the platform shuts down.</summary>
    Fatal,

    /// <summary>TD exit, status SUCCESS.</summary>
    TdExit,

    /// <summary>TD exit: SUCCESS for a debug TD, otherwise NON_RECOVERABLE_TD.</summary>
    DebugOnly,

    /// <summary>TD exit NON_RECOVERABLE_VCPU.</summary>
    NonRecoverableVcpu,

    /// <summary>TD exit NON_RECOVERABLE_TD_NON_ACCESSIBLE.</summary>
    NonAccessible,

    /// <summary>#VE into the TD.</summary>
    Ve,

    /// <summary>#UD into the TD.</summary>
    Ud,

    /// <summary>#GP(0) into the TD.</summary>
    Gp,

#pragma warning disable CS1591 // handled by the exit of that name
    ExceptionOrNmi, Smi, NmiWindow, Cpuid, ControlRegister, MsrRead, MsrWrite, EntryFailureGuestState, EptViolation,
    EptMisconfiguration, Xsetbv, PmlFull, Notify, Tdcall,
#pragma warning restore CS1591
}

/// <summary>One row of the exit table.</summary>
internal readonly record struct ExitRow(uint Reason, string Name, ExitAction Action);

/// <summary>
/// Basic exit reason → action. Intel TDX Module 1.5 Base, "TD VM exits"; the rows are Data/…/td-exits.csv.
/// </summary>
internal sealed class ExitTable
{
    private readonly ExitRow[] rows;

    /// <summary>Reads the table of a version.</summary>
    public ExitTable(ModuleVersion version) => rows =
    [
        .. DataFile.Read($"{version}/td-exits.csv").Select(row => new ExitRow(
            (uint)row.Number("reason"), row["name"], Enum.Parse<ExitAction>(row["action"]))),
    ];

    /// <summary>All rows, ascending.</summary>
    public IReadOnlyList<ExitRow> Rows => rows;

    /// <summary>
    /// The action for a basic exit reason; reasons without a row end debug TDs softly and others for good.
    /// </summary>
    public ExitAction ActionOf(uint basicReason)
    {
        foreach (ExitRow row in rows)
        {
            if (row.Reason == basicReason)
                return row.Action;
        }
        return ExitAction.DebugOnly;
    }
}
