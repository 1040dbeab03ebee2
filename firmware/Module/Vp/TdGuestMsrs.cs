using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>A guest MSR whose value lives in TDVPS while the TD does not run.</summary>
/// <param name="Msr">First MSR number.</param>
/// <param name="Count">Consecutive MSRs.</param>
/// <param name="Offset">TDVPS offset of the first value; 8 bytes each.</param>
/// <param name="Feature">The TD owns the MSR only with these features.</param>
/// <param name="Init">Initial value, which the VMM finds in it after a TD exit unless its own is kept.</param>
/// <param name="VmmSlot">1.. where the VMM's value is kept while the TD runs; 0: it is not.</param>
internal readonly record struct TdGuestMsr(
    uint Msr, int Count, int Offset, TdFeatures Feature, ulong Init, int VmmSlot);

/// <summary>Rows of Data/…/td-guest-msrs.csv, in the order they are saved and loaded.</summary>
internal sealed class TdGuestMsrs
{
    /// <summary>TDVPS offset of IA32_LBR_DEPTH, whose initial value depends on the processor.</summary>
    public const int LbrDepthOffset = 0xC78;

    /// <summary>TDVPS offset of IA32_SPEC_CTRL, which the VMCS virtualizes.</summary>
    public const int SpecCtrlOffset = 0xA80;

    /// <summary>TDVPS offset of IA32_XSS, which is written with the extended state.</summary>
    public const int XssOffset = 0xC70;

    private readonly TdGuestMsr[] rows;

    /// <summary>Reads the table of a version.</summary>
    public TdGuestMsrs(ModuleVersion version) => rows =
    [
        .. DataFile.Read($"{version}/td-guest-msrs.csv").Select(row => new TdGuestMsr(
            (uint)row.Number("msr"), (int)row.Number("count"), (int)row.Number("offset"),
            Enum.Parse<TdFeatures>(row["feature"]), row.Number("init"),
            (int)row.Number("vmm_slot"))),
    ];

    /// <summary>All rows.</summary>
    public IReadOnlyList<TdGuestMsr> Rows => rows;
}
