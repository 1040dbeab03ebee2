using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The tables of one module version: those of the ABI, and those whose rows are rules of this module about the
/// processor. Each is read when it is first asked for and never changes.
/// </summary>
internal sealed class ModuleRules
{
    private readonly Lazy<MsrTable> msrs;
    private readonly Lazy<ExitTable> exits;
    private readonly Lazy<FmsList> fms;
    private readonly Lazy<VmxControlTable> controls, l2Controls;
    private readonly Lazy<TdVmcsTable> tdVmcs;
    private readonly Lazy<TdGuestMsrs> guestMsrs;

    private ModuleRules(ModuleTables tables)
    {
        Tables = tables;
        ModuleVersion version = tables.Version;
        msrs = new(() => new MsrTable(version));
        exits = new(() => new ExitTable(version));
        fms = new(() => new FmsList(version));
        controls = new(() => new VmxControlTable($"{version}/td-vmx-controls.csv"));
        l2Controls = new(() => new VmxControlTable($"{version}/td-vmx-controls-l2.csv"));
        tdVmcs = new(() => new TdVmcsTable(version));
        guestMsrs = new(() => new TdGuestMsrs(version));
    }

    /// <summary>The tables of the ABI.</summary>
    public ModuleTables Tables { get; }

    /// <summary>MSR virtualization.</summary>
    public MsrTable Msrs => msrs.Value;

    /// <summary>What becomes of a TD's VM exits.</summary>
    public ExitTable Exits => exits.Value;

    /// <summary>Processors a TD may be configured as.</summary>
    public FmsList Fms => fms.Value;

    /// <summary>Control words of a TD VMCS.</summary>
    public VmxControlTable Controls => controls.Value;

    /// <summary>Control words of the VMCS of an L2 VM.</summary>
    public VmxControlTable L2Controls => l2Controls.Value;

    /// <summary>Initial values of a TD VMCS.</summary>
    public TdVmcsTable TdVmcs => tdVmcs.Value;

    /// <summary>Guest MSRs that live in TDVPS.</summary>
    public TdGuestMsrs GuestMsrs => guestMsrs.Value;

    /// <summary>The rules that go with some tables; nothing is read yet.</summary>
    public static ModuleRules Of(ModuleTables tables) => new(tables);

    /// <summary>The rules of a version; nothing is read yet.</summary>
    /// <exception cref="InvalidDataException">There are no tables of that version.</exception>
    public static ModuleRules Load(ModuleVersion version) => Of(ModuleTables.Load(version));
}
