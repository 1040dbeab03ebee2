using System.Globalization;
using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

/// <summary>A CPUID leaf of which the host may set bits: a slot of TD_PARAMS.CPUID_CONFIG.</summary>
/// <param name="Leaf">CPUID leaf.</param>
/// <param name="SubLeaf">Sub-leaf, or <see cref="NoSubLeaf"/>.</param>
/// <param name="Mask">Bits the host may set.</param>
public readonly record struct CpuidConfig(uint Leaf, uint SubLeaf, CpuidValue Mask)
{
    /// <summary>The module's mark for a leaf without sub-leaves.</summary>
    public const uint NoSubLeaf = uint.MaxValue;

    /// <summary>The sub-leaf as user space sees it: 0 when there is none.</summary>
    public uint Index => SubLeaf == NoSubLeaf ? 0 : SubLeaf;
}

/// <summary>What the kernel knows about the module: the fields it reads with TDH.SYS.RD.</summary>
public sealed class TdxSysInfo
{
    /// <summary>Value of MAX_VCPUS_PER_TD when the module does not have the field.</summary>
    public const int AnyNumberOfVcpus = 0xFFFF;

    /// <summary>major.minor.update.</summary>
    public string Version { get; private set; } = "";

    /// <summary>TDX_FEATURES0.</summary>
    public ulong Features0 { get; private set; }

    /// <summary>Limits of TDMRs.</summary>
    public TdmrLimits Limits { get; private set; } = new(0, 0, [0, 0, 0]);

    /// <summary>Pages of a TDCS.</summary>
    public int TdcsPages { get; private set; }

    /// <summary>Pages of a TDVPS, the first (TDVPR) included.</summary>
    public int TdvpsPages { get; private set; }

    /// <summary>Attribute bits that may be 1.</summary>
    public ulong AttributesFixed0 { get; private set; }

    /// <summary>Attribute bits that must be 1.</summary>
    public ulong AttributesFixed1 { get; private set; }

    /// <summary>XFAM bits that may be 1.</summary>
    public ulong XfamFixed0 { get; private set; }

    /// <summary>XFAM bits that must be 1.</summary>
    public ulong XfamFixed1 { get; private set; }

    /// <summary>The slots of TD_PARAMS.CPUID_CONFIG, in order.</summary>
    public IReadOnlyList<CpuidConfig> CpuidConfigs { get; private set; } = [];

    /// <summary>MAX_VCPUS_PER_TD.</summary>
    public int MaxVcpusPerTd { get; private set; }

    /// <summary>
    /// Reads everything; null when a field that must be there is refused (the printer has told which).
    /// </summary>
    public static async HostTask<TdxSysInfo?> Read(HostKernel kernel, ICpu cpu)
    {
        SysReader read = new(kernel, cpu);
        ulong major = await read.Field(SysFields.MajorVersion);
        ulong minor = await read.Field(SysFields.MinorVersion);
        ulong update = await read.Field(SysFields.UpdateVersion);
        TdxSysInfo info = new()
        {
            Version = string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}.{update:00}"),
            Features0 = await read.Field(SysFields.TdxFeatures0),
            Limits = new TdmrLimits(
                (int)await read.Field(SysFields.MaxTdmrs),
                (int)await read.Field(SysFields.MaxReservedPerTdmr),
                [
                    (int)await read.Field(SysFields.Pamt4KEntrySize), (int)await read.Field(SysFields.Pamt2MEntrySize),
                    (int)await read.Field(SysFields.Pamt1GEntrySize),
                ]),
            TdcsPages = (int)(await read.Field(SysFields.TdcsBaseSize) / PageAllocator.PageSize),
            TdvpsPages = (int)(await read.Field(SysFields.TdvpsBaseSize) / PageAllocator.PageSize),
            AttributesFixed0 = await read.Field(SysFields.AttributesFixed0),
            AttributesFixed1 = await read.Field(SysFields.AttributesFixed1),
            XfamFixed0 = await read.Field(SysFields.XfamFixed0),
            XfamFixed1 = await read.Field(SysFields.XfamFixed1),
        };
        info.CpuidConfigs = await ReadCpuidConfigs(read);
        info.MaxVcpusPerTd = (int)(await read.Optional(SysFields.MaxVcpusPerTd) ?? AnyNumberOfVcpus);
        return read.Failed ? null : info;
    }

    private static async HostTask<IReadOnlyList<CpuidConfig>> ReadCpuidConfigs(SysReader read)
    {
        int count = (int)await read.Field(SysFields.NumCpuidConfig);
        List<CpuidConfig> configs = [];
        for (int i = 0; i < count && !read.Failed; i++)
        {
            ulong id = await read.Field(SysFields.CpuidConfigLeaf(i));
            ulong low = await read.Field(SysFields.CpuidConfigValue(i, 0));
            ulong high = await read.Field(SysFields.CpuidConfigValue(i, 1));
            CpuidValue mask = new((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
            configs.Add(new CpuidConfig((uint)id, (uint)(id >> 32), mask));
        }
        return configs;
    }

    /// <summary>One pass over global metadata; after the first refusal it reads no further.</summary>
    private sealed class SysReader(HostKernel kernel, ICpu cpu)
    {
        internal bool Failed { get; private set; }

        internal async HostTask<ulong> Field(FieldId field)
        {
            if (Failed)
                return 0;
            SeamcallResult result = await kernel.Tdh.SysRd(cpu, field);
            if (result.Ok)
                return result.R8;
            Failed = true;
            kernel.Printer.Print(
                cpu, SeamcallLeaf.TDH_SYS_RD, new SeamcallArguments { Rdx = field.Value }, result, 2);
            return 0;
        }

        internal async HostTask<ulong?> Optional(FieldId field)
        {
            if (Failed)
                return null;
            SeamcallResult result = await kernel.Tdh.SysRd(cpu, field);
            return result.Ok ? result.R8 : null;
        }
    }
}
