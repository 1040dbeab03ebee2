using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The CPUID a TD will see: the module's copy, the host's choices in TD_PARAMS, and what follows from attributes, XFAM
/// and other leaves. TDX Module 1.5 base specification, "CPUID Virtualization"; the numbers are rows of
/// Data/…/cpuid.csv.
/// </summary>
internal ref struct TdCpuid(LeafCall call, Tdcs tdcs, ReadOnlySpan<byte> tdParams)
{
    private const uint Hle = 1 << 4, Rtm = 1 << 11, Pks = 1U << 31, Kl = 1 << 23, Xfd = 1 << 4;
    private const ulong UserComponents = 0x602FF;
    private const uint ArchCapabilitiesMsr = 0x10A;
    private const ulong TsxCtrl = 1 << 7;
    private const ulong SpecCtrlDdpd = 1 << 8;

    private readonly ReadOnlySpan<byte> configuration = tdParams[TdParams.CpuidConfig..];

    /// <summary>Computes and stores every entry, in the table's order; stops at the first refusal.</summary>
    public TdxStatus Configure()
    {
        foreach (CpuidEntry entry in call.Tables.Cpuid.Entries)
        {
            CpuidRegisters value = Cpuid.ToRegisters(call.Data.Cpuid(entry.Index));
            if (entry.ConfigIndex >= 0)
            {
                CpuidRegisters wanted = Wanted(entry.ConfigIndex);
                if ((wanted & ~(entry.ConfigDirect | entry.AllowDirect)) != default)
                    return Refused(entry);
                value = value & ~(entry.ConfigDirect | entry.AllowDirect)
                    | wanted & entry.ConfigDirect
                    | value & entry.AllowDirect & wanted;
            }
            TdxStatus status = Adjust(entry, ref value);
            if (status.IsError)
                return status;
            tdcs.SetCpuidValues(entry.Index, Cpuid.ToResult(value));
            tdcs.SetCpuidValid(entry.Index, !entry.Faulting);
        }
        return TdxStatus.Success;
    }

    private readonly TdxStatus Adjust(CpuidEntry entry, ref CpuidRegisters value)
    {
        ulong xfam = tdcs.Xfam;
        ApplyXfamRules(entry, xfam, ref value);
        switch (entry.Leaf)
        {
            case 0x1:
                return AdjustFeatures(entry, ref value);
            case 0x5:
                return Keep(tdcs.Has(CpuidFlag.MonitorMwait), ref value);
            case 0x7:
                return AdjustStructured(entry, ref value);
            case 0xA:
                return Keep((tdcs.Attributes & TdAttributes.Perfmon) != 0, ref value);
            case 0xD:
                return AdjustXsave(entry, xfam, ref value);
            case 0x14:
                return Keep((xfam >> 8 & 1) != 0, ref value);
            case 0x15:
                value = value with { Ebx = tdcs.TscFrequency };
                return TdxStatus.Success;
            case 0x19:
                return Keep(false, ref value);
            case 0x1C:
                return Keep((xfam >> 15 & 1) != 0, ref value);
            case 0x1D:
                return Keep((xfam >> 17 & 3) == 3, ref value);
            case 0x8000_0008:
                uint linearBits = tdcs.Has(CpuidFlag.La57) ? 57u : 48u;
                value = value with { Eax = value.Eax & 0xFFFF_00FF | linearBits << 8 };
                return TdxStatus.Success;
            default:
                return TdxStatus.Success;
        }
    }

    private readonly void ApplyXfamRules(CpuidEntry entry, ulong xfam, ref CpuidRegisters value)
    {
        foreach (CpuidXfamRule rule in call.Tables.Cpuid.XfamRules)
            if (rule.Leaf == entry.Leaf && rule.Subleaf == entry.Subleaf && (xfam >> rule.XfamBit & 1) == 0)
                value &= ~rule.Mask;
    }

    // CPUID(1): family, model, stepping; and the features other rules ask for.
    private readonly TdxStatus AdjustFeatures(CpuidEntry entry, ref CpuidRegisters value)
    {
        uint platform = call.Data.PlatformFms, wanted = value.Eax;
        bool migratable = (tdcs.Attributes & TdAttributes.Migratable) != 0;
        bool allowed = wanted == 0 || wanted == platform || migratable && call.Rules.Fms.AllowsMigratable(platform, wanted);
        if (!allowed)
            return Refused(entry);
        value = value with { Eax = wanted == 0 ? platform : wanted };

        tdcs.Set(CpuidFlag.MonitorMwait, (value.Ecx >> 3 & 1) != 0);
        tdcs.Set(CpuidFlag.Dca, (value.Ecx >> 18 & 1) != 0);
        tdcs.Set(CpuidFlag.TscDeadline, (value.Ecx >> 24 & 1) != 0);
        return TdxStatus.Success;
    }

    private readonly TdxStatus AdjustStructured(CpuidEntry entry, ref CpuidRegisters value)
    {
        if (entry.Subleaf == 2)
        {
            bool ddpd = (value.Edx >> 3 & 1) != 0;
            tdcs.Set(CpuidFlag.Ddpd, ddpd);
            tdcs.SpecCtrlMask = ddpd ? 0 : SpecCtrlDdpd;
        }
        if (entry.Subleaf != 0)
            return TdxStatus.Success;

        bool hle = (value.Ebx & Hle) != 0, rtm = (value.Ebx & Rtm) != 0;
        if (hle != rtm)
            return TdxStatus.OperandInvalid.With(OperandId.CpuidConfig);
        if (hle && (PlatformMsrs.SampledArchCapabilities(call) & TsxCtrl) == 0)
            return TdxStatus.IncorrectMsrValue.With(ArchCapabilitiesMsr);

        bool pks = (tdcs.Attributes & TdAttributes.Pks) != 0;
        value = value with { Ecx = value.Ecx & ~(Pks | Kl) | (pks ? Pks : 0) };
        tdcs.Set(CpuidFlag.Tsx, hle);
        tdcs.Set(CpuidFlag.Waitpkg, (value.Ecx >> 5 & 1) != 0);
        tdcs.Set(CpuidFlag.Tme, (value.Ecx >> 13 & 1) != 0);
        tdcs.Set(CpuidFlag.La57, (value.Ecx >> 16 & 1) != 0);
        tdcs.Set(CpuidFlag.Mktme, (value.Edx >> 18 & 1) != 0);
        return TdxStatus.Success;
    }

    private readonly TdxStatus AdjustXsave(CpuidEntry entry, ulong xfam, ref CpuidRegisters value)
    {
        switch (entry.Subleaf)
        {
            case 0:
                value = value with { Ecx = XsaveArea.StandardBytes(call, xfam & UserComponents) };
                return TdxStatus.Success;
            case 1:
                bool xfd = (value.Eax & Xfd) != 0 && XsaveArea.AnyHasXfd(call, xfam);
                value = value with { Eax = value.Eax & ~Xfd | (xfd ? Xfd : 0) };
                tdcs.Set(CpuidFlag.Xfd, xfd);
                return TdxStatus.Success;
            default:
                return Keep((xfam >> (int)entry.Subleaf & 1) != 0, ref value);
        }
    }

    private static TdxStatus Keep(bool keep, ref CpuidRegisters value)
    {
        if (!keep)
            value = default;
        return TdxStatus.Success;
    }

    private readonly TdxStatus Refused(CpuidEntry entry)
    {
        LeafCall c = call;
        c.Rcx = entry.Id;
        return TdxStatus.OperandInvalid.With(OperandId.CpuidConfig);
    }

    private readonly CpuidRegisters Wanted(int configIndex)
    {
        ReadOnlySpan<byte> row = configuration.Slice(configIndex * TdParams.CpuidConfigBytes,
            TdParams.CpuidConfigBytes);
        return System.Runtime.InteropServices.MemoryMarshal.Read<CpuidRegisters>(row);
    }
}
