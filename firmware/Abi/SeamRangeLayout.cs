namespace Seamsim.Firmware.Abi;

/// <summary>What a module image asks of its loader: page counts of its SEAM_SIGSTRUCT, each "minus one".</summary>
/// <param name="NumStackPages">Data-stack pages per logical processor, minus one.</param>
/// <param name="NumTlsPages">Local-data pages per logical processor, minus one.</param>
/// <param name="NumKeyholePages">Keyhole pages per logical processor, minus one.</param>
/// <param name="NumGlobalDataPages">Global-data pages, minus one.</param>
/// <param name="NumHandoffPages">Handoff pages, minus one.</param>
/// <param name="CodeBytes">Bytes of the image.</param>
public readonly record struct SeamImageNeeds(
    int NumStackPages, int NumTlsPages, int NumKeyholePages, int NumGlobalDataPages, int NumHandoffPages, ulong CodeBytes);

/// <summary>
/// Where everything lies in the SEAM range, from low to high: SYSINFO page, one SEAM VMCS per logical processor,
/// handoff pages, local data, global data, free space with paging structures at its top, stacks, code, and the
/// P-SEAMLDR range in the last 2 MiB. P-SEAMLDR 1.5, module layout; pure arithmetic on physical addresses.
/// </summary>
/// <param name="Base">SEAMRR base.</param>
/// <param name="Bytes">SEAMRR size.</param>
/// <param name="AddressableLps">LPs per socket × sockets.</param>
/// <param name="Needs">Page counts of the image.</param>
public readonly record struct SeamRangeLayout(ulong Base, ulong Bytes, int AddressableLps, SeamImageNeeds Needs)
{
    /// <summary>Bytes of the P-SEAMLDR range.</summary>
    public const ulong PSeamldrRangeBytes = 2UL << 20;

    /// <summary>Linear base of the code region before randomisation.</summary>
    public const ulong LinearCode = 0xFFFF_8000_0000_0000;

    /// <summary>Linear base of the stacks before randomisation.</summary>
    public const ulong LinearStacks = 0xFFFF_8001_0000_0000;

    /// <summary>Linear base of the keyholes before randomisation.</summary>
    public const ulong LinearKeyholes = 0xFFFF_8002_0000_0000;

    /// <summary>Linear base of the data region before randomisation.</summary>
    public const ulong LinearData = 0xFFFF_8003_0000_0000;

    /// <summary>Linear address of the SYSINFO page before randomisation.</summary>
    public const ulong LinearSysInfo = 0xFFFF_8003_FFFF_0000;

    /// <summary>Linear base of the keyhole-edit region.</summary>
    public const ulong LinearKeyholeEdit = 0x0000_0001_0000_0000;

    private const ulong Page = 0x1000;

    /// <summary>The SYSINFO page.</summary>
    public ulong SysInfo => Base;

    /// <summary>SEAM VMCS of logical processor 0.</summary>
    public ulong Vmcss => Base + Page;

    /// <summary>First page of the data region: the handoff pages.</summary>
    public ulong Handoff => Vmcss + Page * (ulong)AddressableLps;

    /// <summary>Bytes of the handoff pages.</summary>
    public ulong HandoffBytes => Pages(Needs.NumHandoffPages);

    /// <summary>Local data of logical processor 0.</summary>
    public ulong LocalData => Handoff + HandoffBytes;

    /// <summary>Bytes of local data per logical processor.</summary>
    public ulong LocalDataStride => Pages(Needs.NumTlsPages);

    /// <summary>Global data; its last page holds the canary and a copy of SYSINFO.</summary>
    public ulong GlobalData => LocalData + LocalDataStride * (ulong)AddressableLps;

    /// <summary>Bytes of global data.</summary>
    public ulong GlobalDataBytes => Pages(Needs.NumGlobalDataPages);

    /// <summary>First byte after the data region.</summary>
    public ulong DataEnd => GlobalData + GlobalDataBytes;

    /// <summary>Bytes of the data region.</summary>
    public ulong DataBytes => DataEnd - Handoff;

    /// <summary>The P-SEAMLDR range.</summary>
    public ulong PSeamldr => Base + Bytes - PSeamldrRangeBytes;

    /// <summary>Bytes of the code region: the image rounded up to 2 MiB.</summary>
    public ulong CodeRegionBytes => RoundUp(Needs.CodeBytes, 2UL << 20);

    /// <summary>The code region, directly below the P-SEAMLDR range.</summary>
    public ulong Code => PSeamldr - CodeRegionBytes;

    /// <summary>Bytes of the data stack of one logical processor.</summary>
    public ulong DataStackBytes => Pages(Needs.NumStackPages);

    /// <summary>Bytes of data stack and shadow stack of one logical processor.</summary>
    public ulong StackStride => DataStackBytes + Page;

    /// <summary>The stacks, directly below the code.</summary>
    public ulong Stacks => Code - StackStride * (ulong)AddressableLps;

    /// <summary>Bytes of all stacks.</summary>
    public ulong StacksBytes => Code - Stacks;

    /// <summary>Bytes of keyholes of all logical processors (linear space only).</summary>
    public ulong KeyholeBytes => Pages(Needs.NumKeyholePages) * (ulong)AddressableLps;

    /// <summary>Bytes of the keyhole-edit region: one page-table entry per keyhole.</summary>
    public ulong KeyholeEditBytes => RoundUp(KeyholeBytes / Page * 8, Page);

    /// <summary>
    /// Bytes of paging structures below the stacks: the page tables of keyholes, data, stacks and SYSINFO, and the
    /// levels above them.
    /// </summary>
    public ulong PagingBytes =>
        Page * (TablesFor(KeyholeBytes) + TablesFor(DataBytes) + TablesFor(StacksBytes) + TablesFor(Page)
            + TablesFor(KeyholeEditBytes) + UpperTables);

    /// <summary>Lowest address of the paging structures.</summary>
    public ulong Paging => Stacks - PagingBytes;

    /// <summary>Whether the range holds everything; otherwise the loader answers ENOMEM.</summary>
    public bool Fits =>
        CodeRegionBytes + PSeamldrRangeBytes + StackStride * (ulong)AddressableLps + PagingBytes + (DataEnd - Base) <= Bytes;

    // One PML4, and a page-directory-pointer table and a page directory for each of the six linear regions.
    private const ulong UpperTables = 1 + 6 * 2;

    /// <summary>SEAM VMCS of a logical processor.</summary>
    public ulong VmcsOf(int lp) => Vmcss + Page * (ulong)lp;

    /// <summary>Local data of a logical processor.</summary>
    public ulong LocalDataOf(int lp) => LocalData + LocalDataStride * (ulong)lp;

    /// <summary>Linear address just above the data stack of a logical processor.</summary>
    public ulong LinearStackTopOf(int lp) => LinearStacks + StackStride * (ulong)lp + DataStackBytes;

    /// <summary>Linear address just above the shadow stack of a logical processor.</summary>
    public ulong LinearShadowStackTopOf(int lp) => LinearStacks + StackStride * (ulong)(lp + 1);

    private static ulong Pages(int minusOne) => Page * (ulong)(minusOne + 1);

    private static ulong TablesFor(ulong bytes) => RoundUp(bytes, 2UL << 20) >> 21;

    private static ulong RoundUp(ulong value, ulong unit) => (value + unit - 1) & ~(unit - 1);
}
