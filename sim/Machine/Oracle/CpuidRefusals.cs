using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;

namespace Seamsim.Oracle;

/// <summary>Why the module said no to a question, in the user's terms.</summary>
/// <param name="answer">The refused TD.</param>
/// <param name="info">What the host kernel has read about the module.</param>
internal sealed class CpuidRefusals(CpuidAnswer answer, TdxSysInfo info)
{
    private const string ConfigMaskField = "IA32_ARCH_CAPABILITIES_CONFIG_MASK";
    private const uint ArchCapabilitiesMsr = 0x10A;
    private const int Hle = 4, Rtm = 11;

    /// <summary>One line each; the first says what was refused, the others which of the user's choices did it.</summary>
    public IReadOnlyList<string> Lines => answer.Refusal is { } refusal
        ? [Headline(refusal), .. Details(refusal)]
        : [.. answer.Unplaced.Select(NoSlot)];

    /// <summary>The CPUID leaf and sub-leaf the module named in RCX, or null.</summary>
    public CpuidEntry? Named => answer.Refusal is { } refusal && Concerns(refusal, OperandId.CpuidConfig)
        ? answer.Tables.Cpuid.Configurable.FirstOrDefault(entry => entry.Id == refusal.Rcx)
        : null;

    private static string Headline(CpuidRefusal refusal) => string.Create(
        CultureInfo.InvariantCulture,
        $"TDH.MNG.INIT refused: {refusal.Status} (0x{refusal.Status.Value:X16}), RCX 0x{refusal.Rcx:X16}");

    private IEnumerable<string> Details(CpuidRefusal refusal)
    {
        if (Concerns(refusal, OperandId.Attributes))
            return Attributes();
        if (Concerns(refusal, OperandId.Xfam))
            return Xfam();
        if (Concerns(refusal, OperandId.CpuidConfig))
            return Named is { } entry ? Slot(entry) : Twins();
        if (Concerns(refusal, OperandId.Ia32ArchCapabilitiesConfig))
            return Capabilities();
        if (refusal.Status == TdxStatus.IncorrectMsrValue.With(ArchCapabilitiesMsr))
            return ["HLE and RTM need a processor with IA32_ARCH_CAPABILITIES.TSX_CTRL (bit 7), and it lacks the bit"];
        if (Concerns(refusal, OperandId.EptpControls))
            return ["5-level EPT, which GPAW 52 needs, is more than this processor has (IA32_VMX_EPT_VPID_CAP bit 7)"];
        return ["see seamsim explain " + refusal.Status];
    }

    private IEnumerable<string> Attributes()
    {
        ulong attributes = answer.Question.Attributes;
        ulong denied = attributes & ~info.AttributesFixed0, missing = info.AttributesFixed1 & ~attributes;
        if (denied != 0)
            yield return $"ATTRIBUTES: this module allows no {Names(denied, CpuidNames.AttributeBits)} "
                + $"(allowed: {Names(info.AttributesFixed0, CpuidNames.AttributeBits)})";
        if (missing != 0)
            yield return $"ATTRIBUTES: {Names(missing, CpuidNames.AttributeBits)} must be 1";
        if ((attributes & TdAttributes.Migratable) != 0
            && (attributes & (TdAttributes.Debug | TdAttributes.Perfmon)) is var excluded and not 0)
            yield return $"ATTRIBUTES: MIGRATABLE excludes {Names(excluded, CpuidNames.AttributeBits)}";
    }

    private IEnumerable<string> Xfam()
    {
        ulong xfam = answer.Question.Xfam;
        ulong denied = xfam & ~info.XfamFixed0, missing = info.XfamFixed1 & ~xfam;
        if (denied != 0)
            yield return $"XFAM: neither module nor processor allow {Names(denied, CpuidNames.XfamBits)} "
                + $"(allowed: {Names(info.XfamFixed0, CpuidNames.XfamBits)})";
        if (missing != 0)
            yield return $"XFAM: {Names(missing, CpuidNames.XfamBits)} must be 1";
        if ((xfam >> 5 & 7) is not (0 or 7))
            yield return "XFAM: OPMASK, ZMM_HI256 and HI16_ZMM (AVX-512) come all or none";
        if ((xfam >> 5 & 7) != 0 && (xfam >> 2 & 1) == 0)
            yield return "XFAM: AVX-512 needs AVX";
        if ((xfam >> 11 & 3) is 1 or 2)
            yield return "XFAM: CET_U and CET_S come together";
        if ((xfam >> 17 & 3) is 1 or 2)
            yield return "XFAM: TILECFG and TILEDATA (AMX) come together";
    }

    // The module named a leaf: bits of its slot that nobody may set, or a family, model and stepping it does not allow.
    private IEnumerable<string> Slot(CpuidEntry entry)
    {
        yield return $"the module named CPUID leaf {CpuidNames.Leaf(entry.Leaf, entry.Subleaf)}";
        CpuidLeafAnswer leaf = answer.Leaves[entry.Index];
        CpuidRegisters outside = leaf.Wanted & ~(entry.ConfigDirect | entry.AllowDirect);
        foreach (CpuidField field in answer.Tables.CpuidFields.Of(entry.Leaf, entry.Subleaf))
            if ((outside[field.Register] & field.Mask) != 0)
                yield return $"you set {CpuidNames.Of(field)}, which is {CpuidNames.Of(field.Category)} and cannot be "
                    + $"configured: {field.Detail}";
        if (outside == default && entry.Leaf == 1)
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"you set family, model and stepping to 0x{leaf.Wanted.Eax:x} on a platform that is "
                + $"0x{leaf.Native.Eax:x}: they must be the platform's, unless ATTRIBUTES.MIGRATABLE allows an older one");
    }

    // HLE and RTM differ: the one refusal that names no leaf.
    private IEnumerable<string> Twins()
    {
        CpuidLeafAnswer leaf = answer.Leaves[answer.Tables.Cpuid.Find(7, 0)!.Index];
        uint asked = leaf.Wanted.Ebx, given = leaf.Native.Ebx & leaf.Wanted.Ebx;
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"the module named no leaf: HLE (0x7.0.EBX[4]) would be {given >> Hle & 1} and RTM (0x7.0.EBX[11]) "
            + $"{given >> Rtm & 1}; both must be 1 or both 0");
        if (asked != given && ((asked ^ given) & (1u << Hle | 1u << Rtm)) != 0)
            yield return "you allow both, but the processor has only one of them";
        yield return "--set HLE=0 --set RTM=0 gives a TD without TSX";
    }

    private IEnumerable<string> Capabilities()
    {
        ulong mask = answer.Tables.SystemMetadata.Fields.FirstOrDefault(f => f.Name == ConfigMaskField) is { } field
            ? Convert.ToUInt64(field.Value, 16)
            : 0;
        Dictionary<string, int> names = ArchCapabilities.Bits.ToDictionary(bit => bit.Name, bit => bit.Bit);
        ulong denied = (answer.Question.ArchCapabilities ?? 0) & ~mask;
        yield return $"IA32_ARCH_CAPABILITIES: {Names(denied, names)} cannot be configured "
            + $"(configurable: {Names(mask, names)})";
    }

    /// <summary>Why a setting never reached the module.</summary>
    private string NoSlot(CpuidSetting setting)
    {
        CpuidEntry? entry = answer.Tables.Cpuid.Find(setting.Leaf, setting.Subleaf);
        string place = string.Create(
            CultureInfo.InvariantCulture,
            $"{CpuidNames.Leaf(setting.Leaf, entry?.Subleaf ?? setting.Subleaf)}.{CpuidNames.Registers[setting.Register]}");
        CpuidField? field = answer.Tables.CpuidFields.Of(setting.Leaf, setting.Subleaf)
            .FirstOrDefault(f => f.Register == setting.Register && (f.Mask & setting.Mask) != 0);
        string what = field is null ? place : $"{CpuidNames.Of(field)} ({CpuidNames.Of(field.Category)})";
        return $"{what} cannot be configured: its leaf has no slot in TD_PARAMS.CPUID_CONFIG, so no VMM can ask for it";
    }

    private static bool Concerns(CpuidRefusal refusal, OperandId operand) =>
        refusal.Status == TdxStatus.OperandInvalid.With(operand);

    private static string Names(ulong mask, IReadOnlyDictionary<string, int> names) => CpuidNames.Of(mask, names);
}
