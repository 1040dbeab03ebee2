namespace Seamsim.Firmware.Abi;

/// <summary>
/// Every table of one module version. Each table is read when it is first asked for and never changes.
/// </summary>
public sealed class ModuleTables
{
    private readonly Lazy<OpStateTable> opState;
    private readonly Lazy<SeptLeafTable> septLeaves;
    private readonly Lazy<CpuidTable> cpuid;
    private readonly Lazy<CpuidFieldTable> cpuidFields;
    private readonly Lazy<SampledMsrTable> sampledMsrs;
    private readonly Lazy<MetadataTable> system, td, vcpu, l2Vmcs;
    private readonly Lazy<LeafInfo[]> leaves;
    private readonly Lazy<LeafStates?[]> leafStates;
    private readonly Lazy<byte[]> leafVersions;

    private ModuleTables(ModuleVersion version)
    {
        Version = version;
        leaves = new(() => LeafCatalog.Read(version));
        opState = new(() => new OpStateTable(version));
        septLeaves = new(() => new SeptLeafTable(version, leaves.Value));
        cpuid = new(() => new CpuidTable(version));
        cpuidFields = new(() => new CpuidFieldTable(CpuidFieldTable.Read(version)));
        sampledMsrs = new(() => new SampledMsrTable(version));
        system = new(() => new MetadataTable($"{version}/metadata-sys.csv"));
        td = new(() => new MetadataTable($"{version}/metadata-td.csv"));
        vcpu = new(() => new MetadataTable($"{version}/metadata-vmcs.csv", $"{version}/metadata-vp.csv"));
        l2Vmcs = new(() => new MetadataTable($"{version}/metadata-vmcs-l2.csv"));
        leafStates = new(() => HostLeaves<LeafStates?>(leaves.Value, leaf => leaf.States));
        leafVersions = new(() => HostLeaves(leaves.Value, leaf => (byte)leaf.MaxVersion));
    }

    internal ModuleTables(
        ModuleTables basis, CpuidTable cpuid, CpuidFieldTable fields, IReadOnlyList<NativeMsr> nativeMsrs,
        IReadOnlyList<(string Overlay, CpuidFieldChange Change)> changes)
    {
        Version = basis.Version;
        (NativeMsrs, Changes) = (nativeMsrs, changes);
        this.cpuid = new(cpuid);
        cpuidFields = new(fields);
        (opState, septLeaves, sampledMsrs) = (basis.opState, basis.septLeaves, basis.sampledMsrs);
        (system, td, vcpu, l2Vmcs) = (basis.system, basis.td, basis.vcpu, basis.l2Vmcs);
        (leaves, leafStates, leafVersions) = (basis.leaves, basis.leafStates, basis.leafVersions);
    }

    /// <summary>The version the tables belong to.</summary>
    public ModuleVersion Version { get; }

    /// <summary>OP_STATE rules.</summary>
    public OpStateTable OpState => opState.Value;

    /// <summary>Secure-EPT entry states per leaf.</summary>
    public SeptLeafTable SeptLeaves => septLeaves.Value;

    /// <summary>CPUID virtualization.</summary>
    public CpuidTable Cpuid => cpuid.Value;

    /// <summary>CPUID virtualization field by field, with the reasons.</summary>
    public CpuidFieldTable CpuidFields => cpuidFields.Value;

    /// <summary>MSRs that overlays make native to TDs with a CPUID bit.</summary>
    public IReadOnlyList<NativeMsr> NativeMsrs { get; } = [];

    /// <summary>Bits that overlays have changed, and which overlay has.</summary>
    internal IReadOnlyList<(string Overlay, CpuidFieldChange Change)> Changes { get; } = [];

    /// <summary>MSRs sampled at platform initialisation.</summary>
    public SampledMsrTable SampledMsrs => sampledMsrs.Value;

    /// <summary>Metadata of the platform.</summary>
    public MetadataTable SystemMetadata => system.Value;

    /// <summary>Metadata of a TD.</summary>
    public MetadataTable TdMetadata => td.Value;

    /// <summary>Metadata of a virtual CPU: the fields of its TD VMCS, then those of its TDVPS.</summary>
    public MetadataTable VcpuMetadata => vcpu.Value;

    /// <summary>Fields of an L2 VMCS; their class is that of VM 0.</summary>
    public MetadataTable L2VmcsMetadata => l2Vmcs.Value;

    /// <summary>The tables of a version; nothing is read yet.</summary>
    /// <exception cref="InvalidDataException">There are no tables of that version.</exception>
    public static ModuleTables Load(ModuleVersion version) => DataFile.Exists($"{version}/op-state.csv")
        ? new ModuleTables(version)
        : throw new InvalidDataException($"no tables of module version {version}");

    /// <summary>The tables of a version with overlays on top, in order.</summary>
    /// <exception cref="InvalidDataException">
    /// There are no tables of that version, or an overlay does not fit.
    /// </exception>
    public static ModuleTables Load(ModuleVersion version, params IReadOnlyList<ModuleOverlay> overlays)
    {
        ModuleDraft draft = new(Load(version));
        foreach (ModuleOverlay overlay in overlays)
            if (draft.Lay(overlay) is { } wrong)
                throw new InvalidDataException($"{overlay.Name}: {wrong}");
        return draft.Finish();
    }

    /// <summary>
    /// In which states of the module a host leaf runs; a number without a row is <see cref="LeafStates.Ready"/>.
    /// </summary>
    public LeafStates StatesOf(int leaf) =>
        leaf < leafStates.Value.Length ? leafStates.Value[leaf] ?? LeafStates.Ready : LeafStates.Ready;

    /// <summary>The highest version a host leaf knows.</summary>
    public int MaxVersionOf(int leaf) => leaf < leafVersions.Value.Length ? leafVersions.Value[leaf] : 0;

    private static T[] HostLeaves<T>(IEnumerable<LeafInfo> leaves, Func<LeafInfo, T> select)
    {
        T[] table = new T[128];
        foreach (LeafInfo leaf in leaves)
            if (leaf.Side == LeafSide.Host)
                table[leaf.Number] = select(leaf);
        return table;
    }
}
