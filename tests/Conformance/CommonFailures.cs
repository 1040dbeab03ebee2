using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>Conditions that leaves share, in the order of the ABI's operand checks.</summary>
internal static class CommonFailures
{
    /// <summary>The explicit TDR operand, held exclusively.</summary>
    public static LeafFailure[] Tdr(OperandId operand, Action<LeafScene, ulong> set) =>
    [
        new("TDR misaligned", "tdr", s => set(s, s.Td.TdrPage + 0x80), TdxStatus.OperandInvalid.With(operand)),
        new("TDR with a KeyID", "tdr", s => set(s, s.Td.Tdr.Page.Value), TdxStatus.OperandInvalid.With(operand)),
        new("TDR outside every TDMR", "tdr", s => set(s, s.Target.OutsideTdmr), TdxStatus.OperandAddrRangeError.With(operand)),
        new("TDR held", "tdr", s => s.Lp.Write<ushort>(s.Pamt(s.Td.TdrPage).Address, 1),
            TdxStatus.OperandBusy.With(operand)),
        new("page is no TDR", "tdr", s => set(s, s.Target.Page()), TdxStatus.PageMetadataIncorrect.With(operand)),
    ];

    /// <summary>A page operand that must be free.</summary>
    public static LeafFailure[] FreePage(OperandId operand, Action<LeafScene, ulong> set, Func<LeafScene, ulong> get) =>
    [
        new("page misaligned", "page", s => set(s, get(s) + 8), TdxStatus.OperandInvalid.With(operand)),
        new("page with a KeyID", "page", s => set(s, s.Lp.Keys.WithKey(new Hpa(get(s)), new KeyId(40)).Value),
            TdxStatus.OperandInvalid.With(operand)),
        new("page outside every TDMR", "page", s => set(s, s.Target.OutsideTdmr), TdxStatus.OperandAddrRangeError.With(operand)),
        new("page held", "page", s => s.Lp.Write<ushort>(s.Pamt(get(s)).Address, 4),
            TdxStatus.OperandBusy.With(operand)),
        new("page in use", "page", s => s.Pamt(get(s)).Assign(PageType.Reg, new Hpa(s.Td.TdrPage)),
            TdxStatus.PageMetadataIncorrect.With(operand)),
    ];

    public static readonly LeafFailure Fatal = new("TD fatal", "fatal", s => Change(s.Td.Tdr, t => t.Fatal = true),
        TdxStatus.TdFatal);

    public static LeafFailure Lifecycle(Lifecycle state, TdxStatus status) =>
        new($"lifecycle {state}", "lifecycle", s => Change(s.Td.Tdr, t => t.Lifecycle = state), status);

    public static readonly LeafFailure TdcsIncomplete =
        new("five TDCS pages", "tdcx", s => Change(s.Td.Tdr, t => t.NumTdcx = 5), TdxStatus.TdcsNotAllocated);

    public static readonly LeafFailure OpStateHeld = new(
        "OP_STATE held", "op lock", s => s.Lp.Write<ushort>(s.Td.Tdcs.OpStateLock, 1),
            TdxStatus.OperandBusy.With(OperandId.OpState));

    public static LeafFailure OpStateIs(OpState state) =>
        new($"OP_STATE {state}", "op state", s => Change(s.Td.Tdcs, t => t.OpState = state),
            TdxStatus.OpStateIncorrect);

    public static readonly LeafFailure KotHeld = new(
        "KOT held", "kot lock", s => s.Lp.Write<ushort>(s.Data.Global + ModuleData.KotOffset, 1),
            TdxStatus.OperandBusy.With(OperandId.Kot));

    /// <summary>What PCONFIG can refuse.</summary>
    public static LeafFailure[] Pconfig =>
    [
        new("key engine busy", "pconfig", s => s.Bare!.Pconfig = PconfigResult.DeviceBusy,
            TdxStatus.OperandBusy.With(OperandId.Ket)) { NeedsBare = true },
        new("no entropy for the key", "pconfig", s => s.Bare!.Pconfig = PconfigResult.EntropyError,
            TdxStatus.KeyGenerationFailed) { NeedsBare = true },
    ];

    private static void Change(Tdr tdr, Action<Tdr> change) => change(tdr);

    private static void Change(Tdcs tdcs, Action<Tdcs> change) => change(tdcs);
}
