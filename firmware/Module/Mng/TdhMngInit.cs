using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>TDH.MNG.INIT (leaf 21) — initialise a TD from TD_PARAMS. TDX Module 1.5 ABI, "TDH.MNG.INIT Leaf".</summary>
/// <remarks>Fields are written as their checks pass; the TD only becomes INITIALIZED when all have passed.</remarks>
internal static class TdhMngInit
{
    private const ulong EptMemoryType = 7, WriteBack = 6, FourLevels = 3, FiveLevels = 4;
    private const uint MinTscFrequency = 4, MaxTscFrequency = 400;
    private const ulong DefaultHpLockTimeout = 1_000_000;
    private const int FiveLevelEptBit = 7;
    private const byte ArchCapabilitiesConfigured = 1;
    private const uint TscAdjustMsr = 0x3B;
    private const ulong TscUnit = 25_000_000;

    public static LeafEnd Execute(LeafCall c)
    {
        Hpa tdrPage = (Hpa)c.Rcx;
        c.Rcx = 0;

        if (PlatformMsrs.LimitCpuidMaxval(c.P))          return TdxStatus.LimitCpuidMaxvalSet;
        using PageHold hold = PageHold.OfTdr(c, tdrPage, OperandId.Rcx, LockMode.Exclusive);
        if (hold.Failed)                                 return hold.Status;
        Tdr tdr = hold.View;
        using OpStateHold state = TdState.Check(c, tdr, LockMode.None);
        if (state.Failed)                                return state.Status;
        if (SharedBuffer.Check(c, c.Rdx, TdParams.Alignment, OperandId.Rdx) is { IsError: true } rdx) return rdx;

        Span<byte> tdParams = stackalloc byte[TdParams.Bytes];
        c.P.ReadBytes(new Hpa(c.Rdx), tdParams);
        Tdcs tdcs = tdr.Tdcs;
        ResetManagement(tdcs);

        if (SetIdentity(c, tdr, tdcs, tdParams) is { IsError: true } identity)      return identity;
        if (SetExecution(c, tdcs, tdParams) is { IsError: true } execution)         return execution;
        if (!IsZero(tdParams, TdParams.Reserved1, TdParams.Reserved1Bytes))         return Invalid(OperandId.Rdx);
        byte msrConfig = tdParams[TdParams.MsrConfigCtls];
        if ((msrConfig & ~ArchCapabilitiesConfigured) != 0)                         return Invalid(OperandId.Rdx);
        if (!IsZero(tdParams, TdParams.Reserved2, TdParams.Reserved2Bytes))         return Invalid(OperandId.Rdx);
        if (new TdCpuid(c, tdcs, tdParams).Configure() is { IsError: true } cpuid)  return cpuid;
        int configEnd = TdParams.CpuidConfigEnd(c.Tables.Cpuid.Configurable.Count);
        if (!IsZero(tdParams, configEnd, TdParams.Bytes - configEnd))               return Invalid(OperandId.Rdx);
        ulong capabilities = U64(tdParams, TdParams.ArchCapabilitiesConfig);
        if (!VirtualMsrs.AcceptsArchCapabilities(capabilities, msrConfig != 0))
            return Invalid(OperandId.Ia32ArchCapabilitiesConfig);
        if ((tdcs.Attributes & TdAttributes.Migratable) != 0 && tdcs.NumL2Vms != 0) return Invalid(OperandId.Rdx);

        // Commit.
        tdcs.VirtualArchCapabilities = VirtualMsrs.ArchCapabilities(
            PlatformMsrs.SampledArchCapabilities(c), capabilities, tdcs.Has(CpuidFlag.Tsx));
        VirtualMsrs.StoreVmx(c, tdcs);
        StoreMeasurements(c, tdcs, tdParams);
        StoreXbuff(c, tdcs);
        StoreMsrBitmap(c, tdcs);
        tdcs.OpState = OpState.Initialized;
        return TdxStatus.Success;
    }

    private static void ResetManagement(Tdcs tdcs)
    {
        tdcs.NumVcpus = 0;
        tdcs.TdEpoch = 1;
        tdcs.ClearRefcount(0);
        tdcs.ClearRefcount(1);
        tdcs.HpLockTimeout = DefaultHpLockTimeout;
    }

    // ATTRIBUTES, XFAM, MAX_VCPUS, NUM_L2_VMS, the pages L2 VMs need, and the first reserved area.
    private static TdxStatus SetIdentity(LeafCall c, Tdr tdr, Tdcs tdcs, ReadOnlySpan<byte> tdParams)
    {
        ulong attributes = U64(tdParams, TdParams.Attributes), xfam = U64(tdParams, TdParams.Xfam);
        if (!AttributesAreValid(c, attributes))                             return Invalid(OperandId.Attributes);
        tdcs.Attributes = attributes;
        tdcs.TdCtls = (attributes & TdAttributes.SeptVeDisable) != 0 ? 1UL : 0;
        if (!XfamIsValid(c, xfam))                                          return Invalid(OperandId.Xfam);
        tdcs.Xfam = xfam;
        uint maxVcpus = BinaryPrimitives.ReadUInt16LittleEndian(tdParams[TdParams.MaxVcpus..]);
        if (maxVcpus == 0)                                                  return Invalid(OperandId.MaxVcpus);
        tdcs.MaxVcpus = maxVcpus;
        byte l2Vms = tdParams[TdParams.NumL2Vms];
        if (l2Vms > Tdcs.MaxL2Vms)                                          return Invalid(OperandId.NumL2Vms);
        if (tdr.NumTdcx < Tdr.BaseTdcx + l2Vms)                             return TdxStatus.TdcsNotAllocated;
        tdcs.NumL2Vms = l2Vms;
        return IsZero(tdParams, TdParams.Reserved0, TdParams.Reserved0Bytes)
            ? TdxStatus.Success
            : Invalid(OperandId.Rdx);
    }

    // CONFIG_FLAGS, EPTP_CONTROLS and the TSC.
    private static TdxStatus SetExecution(LeafCall c, Tdcs tdcs, ReadOnlySpan<byte> tdParams)
    {
        ulong flags = U64(tdParams, TdParams.ConfigFlags), eptp = U64(tdParams, TdParams.EptpControls);
        ulong fixed0 = SystemMetadata.Value(c, "CONFIG_FLAGS_FIXED0");
        ulong fixed1 = SystemMetadata.Value(c, "CONFIG_FLAGS_FIXED1");
        if ((flags & ~fixed0) != 0 || (flags & fixed1) != fixed1)           return Invalid(OperandId.ExecControls);
        tdcs.ConfigFlags = flags;
        bool gpaw = (flags & ConfigFlags.Gpaw) != 0;
        if (!EptpIsValid(c, eptp, gpaw))                                    return Invalid(OperandId.EptpControls);
        tdcs.Gpaw = gpaw;
        tdcs.Eptp = eptp | c.P.Keys.LineOf(tdcs.Page(Tdcs.SeptRootPage));
        uint frequency = BinaryPrimitives.ReadUInt16LittleEndian(tdParams[TdParams.TscFrequency..]);
        if (frequency is < MinTscFrequency or > MaxTscFrequency)            return Invalid(OperandId.TscFrequency);
        if (PlatformMsrs.TscAdjustChanged(c))
            return TdxStatus.InconsistentMsr.With(TscAdjustMsr);
        SetTsc(c, tdcs, frequency);
        return TdxStatus.Success;
    }

    private static bool AttributesAreValid(LeafCall c, ulong attributes)
    {
        ulong fixed0 = SystemMetadata.Value(c, "ATTRIBUTES_FIXED0");
        ulong fixed1 = SystemMetadata.Value(c, "ATTRIBUTES_FIXED1");
        bool migratable = (attributes & TdAttributes.Migratable) != 0;
        return (attributes & ~fixed0) == 0 && (attributes & fixed1) == fixed1
            && !(migratable && (attributes & (TdAttributes.Debug | TdAttributes.Perfmon)) != 0);
    }

    // AVX-512 is all or none and needs AVX; CET and AMX come in pairs.
    private static bool XfamIsValid(LeafCall c, ulong xfam)
    {
        ulong fixed1 = SystemMetadata.Value(c, "XFAM_FIXED1");
        ulong avx512 = xfam >> 5 & 7, cet = xfam >> 11 & 3, amx = xfam >> 17 & 3;
        bool avx = (xfam >> 2 & 1) != 0;
        return (xfam & ~SystemMetadata.XfamFixed0(c)) == 0 && (xfam & fixed1) == fixed1
            && (avx512 == 0 || avx512 == 7 && avx) && cet is 0 or 3 && amx is 0 or 3;
    }

    private static bool EptpIsValid(LeafCall c, ulong eptp, bool gpaw)
    {
        ulong levels = eptp >> 3 & 7;
        if ((eptp & EptMemoryType) != WriteBack || eptp >> 6 != 0 || levels is not (FourLevels or FiveLevels))
            return false;
        bool fiveLevels =
            (PlatformMsrs.SampledEptVpidCap(c) >> FiveLevelEptBit & 1) != 0 && c.P.Keys.PhysicalAddressBits > 48;
        return levels == FiveLevels ? fiveLevels : !gpaw;
    }

    // The virtual TSC starts at 0 (assumed) and runs at the TD's own frequency.
    private static void SetTsc(LeafCall c, Tdcs tdcs, uint frequency)
    {
        tdcs.TscFrequency = (ushort)frequency;
        UInt128 multiplier = ((UInt128)(frequency * TscUnit) << 48) / c.Data.NativeTscFrequency;
        tdcs.TscMultiplier = (ulong)multiplier;
        tdcs.TscOffset = 0UL - (ulong)((UInt128)c.P.Rdtsc() * multiplier >> 48);
    }

    private static void StoreMeasurements(LeafCall c, Tdcs tdcs, ReadOnlySpan<byte> tdParams)
    {
        c.P.WriteBytes(tdcs.MrConfigId, tdParams.Slice(TdParams.MrConfigId, TdParams.MeasurementBytes));
        c.P.WriteBytes(tdcs.MrOwner, tdParams.Slice(TdParams.MrOwner, TdParams.MeasurementBytes));
        c.P.WriteBytes(tdcs.MrOwnerConfig, tdParams.Slice(TdParams.MrOwnerConfig, TdParams.MeasurementBytes));
        Span<byte> rtmrs = stackalloc byte[4 * TdParams.MeasurementBytes];
        rtmrs.Clear();
        c.P.WriteBytes(tdcs.Rtmr(0), rtmrs);
        new MrTd(c.P, tdcs.Sha384Context).Start();
    }

    private static void StoreXbuff(LeafCall c, Tdcs tdcs)
    {
        Span<uint> offsets = stackalloc uint[XsaveArea.Components];
        offsets.Clear();
        tdcs.XbuffSize = XsaveArea.Compact(c, tdcs.Xfam, offsets);
        for (int i = 0; i < offsets.Length; i++)
            tdcs.SetXbuffOffset(i, offsets[i]);
    }

    private static void StoreMsrBitmap(LeafCall c, Tdcs tdcs)
    {
        Span<byte> bitmap = stackalloc byte[4096];
        c.Rules.Msrs.WriteBitmap(TdFeatureSet.Of(c.P, tdcs), bitmap);
        foreach (NativeMsr msr in c.Tables.NativeMsrs)
            if (EnumeratesMsr(c, tdcs, msr))
                MsrTable.MakeNative(msr.First, msr.Last, bitmap);
        c.P.WriteBytes(tdcs.Page(Tdcs.MsrBitmapPage), bitmap);
    }

    private static bool EnumeratesMsr(LeafCall c, Tdcs tdcs, NativeMsr msr)
    {
        int index = c.Tables.Cpuid.Find(msr.Leaf, msr.Subleaf)!.Index;
        return (Cpuid.ToRegisters(tdcs.CpuidValues(index))[msr.Register] >> msr.Bit & 1) != 0;
    }

    private static TdxStatus Invalid(OperandId operand) => TdxStatus.OperandInvalid.With(operand);

    private static bool IsZero(ReadOnlySpan<byte> bytes, int start, int count) =>
        !bytes.Slice(start, count).ContainsAnyExcept((byte)0);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
