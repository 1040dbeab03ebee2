using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Values of system-scope metadata: the number in the field's row of Data/…/metadata-sys.csv, or what that row names.
/// </summary>
internal static class SystemMetadata
{
    /// <summary>XFAM bits the module supports; the processor may support fewer.</summary>
    private const ulong XfamSupported = 0x6_DBE7;

    /// <summary>Every feature of 1.5.01; LOCAL_ATTESTATION depends on the processor.</summary>
    private const ulong Features = TdxFeatures0.TdMigration | TdxFeatures0.TdPreserving | TdxFeatures0.ServiceTd
        | TdxFeatures0.TdgVpRdWr | TdxFeatures0.RelaxedMemMngConcurrency | TdxFeatures0.CpuidVirtGuestCtrl
        | TdxFeatures0.TdPartitioning | TdxFeatures0.TdEntryEnhancements | TdxFeatures0.HostPriorityLocks
        | TdxFeatures0.ConfigIa32ArchCap | TdxFeatures0.PendingEptViolationV2 | TdxFeatures0.FmsConfig
        | TdxFeatures0.NoRbpMod | TdxFeatures0.L2TlbInvdOpt;

    private const ulong SeamopsVerifyReport = 1 << 6;

    /// <summary>Value of a field by name, first element.</summary>
    public static ulong Value(LeafCall c, string name)
    {
        foreach (MetadataField field in c.Tables.SystemMetadata.Fields)
            if (field.Name == name)
                return Value(c, field, 0);
        return 0;
    }

    /// <summary>XFAM bits a TD may have: those the module knows and the processor has.</summary>
    public static ulong XfamFixed0(LeafCall c)
    {
        CpuidRegisters user = Native(c, 0xD, 0), system = Native(c, 0xD, 1);
        return XfamSupported & (user.Eax | (ulong)user.Edx << 32 | system.Ecx | (ulong)system.Edx << 32);
    }

    /// <summary>Value of one element of a field.</summary>
    public static ulong Value(LeafCall c, MetadataField field, int element)
    {
        string value = field.Value;
        if (value.Length == 0 || value[0] != '@')
            return Number(value);

        Hpa sysInfo = c.Data.SysInfo;
        return value switch
        {
            "@num_pkgs"             => c.Data.NumPkgs,
            "@pkg_fms"              => c.P.Read<uint>(sysInfo + (ulong)(SysInfoTable.SocketCpuid + element * 4)),
            "@build_date"           => c.P.Read<uint>(sysInfo + SysInfoTable.ModuleBuildDate),
            "@build_num"            => c.P.Read<ushort>(sysInfo + SysInfoTable.ModuleBuildNum),
            "@module_hv"            => c.P.Read<ushort>(sysInfo + SysInfoTable.ModuleHv),
            "@min_update_hv"        => c.P.Read<ushort>(sysInfo + SysInfoTable.MinUpdateHv),
            "@no_downgrade"         => c.P.Read<byte>(sysInfo + SysInfoTable.NoDowngrade),
            "@num_handoff_pages"    => c.P.Read<ushort>(sysInfo + SysInfoTable.NumHandoffPages),
            "@handoff_valid"        => Handoff.Of(c).Valid ? 1UL : 0,
            "@handoff_hv"           => Handoff.Of(c).Version,
            "@handoff_size"         => Handoff.Of(c).Size,
            "@features0"            => Features | LocalAttestation(c),
            "@num_cmrs"             => (ulong)Cmr.ReadAll(c.P, sysInfo).Length,
            "@cmr_base"             => CmrWord(c, element, CmrInfo.Base),
            "@cmr_size"             => CmrWord(c, element, CmrInfo.Size),
            "@xfam_fixed0"          => XfamFixed0(c),
            "@num_cpuid_config"     => (ulong)c.Tables.Cpuid.Configurable.Count,
            "@cpuid_config_leaves"  => Config(c, element)?.Id ?? 0,
            "@cpuid_config_values"  => ConfigMask(c, element),
            "@num_allowed_fms"      => (ulong)c.Rules.Fms.Allowed(c.Data.PlatformFms).Length,
            "@allowed_fms"          => AllowedFms(c, element),
            _                       => 0,
        };
    }

    private static ulong CmrWord(LeafCall c, int index, int offset) =>
        c.P.Read<ulong>(c.Data.SysInfo + (ulong)(SysInfoTable.Cmr + index * CmrInfo.Bytes + offset));

    private static ulong LocalAttestation(LeafCall c) =>
        (c.Data.SeamopsCaps & SeamopsVerifyReport) != 0 ? TdxFeatures0.LocalAttestation : 0;

    private static CpuidEntry? Config(LeafCall c, int index) =>
        index < c.Tables.Cpuid.Configurable.Count ? c.Tables.Cpuid.Configurable[index] : null;

    // Two elements a leaf: EAX and EBX, ECX and EDX.
    private static ulong ConfigMask(LeafCall c, int element)
    {
        CpuidRegisters mask = Config(c, element >> 1)?.ConfigDirect ?? default;
        return (element & 1) == 0 ? mask.Low : mask.High;
    }

    private static ulong AllowedFms(LeafCall c, int element)
    {
        uint[] allowed = c.Rules.Fms.Allowed(c.Data.PlatformFms);
        return element < allowed.Length ? allowed[element] : 0;
    }

    private static CpuidRegisters Native(LeafCall c, uint leaf, uint subleaf) =>
        Cpuid.ToRegisters(c.Data.NativeCpuid(c.Tables.Cpuid.Find(leaf, subleaf)!.Index));

    private static ulong Number(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.Parse(text, CultureInfo.InvariantCulture);
}
