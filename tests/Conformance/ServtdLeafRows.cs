using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>Every failure of the SERVTD leaves, and which beats which. TDX Module 1.5 ABI, leaf pages.</summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class ServtdLeafRows(string target)
{
    private static readonly LeafFailure BindingsHeld = new(
        "bindings held", "bindings lock", s => s.Lp.Write<ushort>(s.Td.Tdcs.ServTdBindingsLock, 1),
        TdxStatus.OperandBusy.With(OperandId.ServtdBindings));

    private static LeafFailure[] Binding =>
    [
        new("second slot", "slot", s => s.R8 = 1, TdxStatus.OperandInvalid.With(OperandId.R8)),
        new("type nobody knows", "type", s => s.R9 = 1, TdxStatus.OperandInvalid.With(OperandId.R9)),
        new("type of 17 bits", "type", s => s.R9 = 0x10000, TdxStatus.OperandInvalid.With(OperandId.R9)),
        new("attribute bit 1", "attributes", s => s.R10 |= 2, TdxStatus.OperandInvalid.With(OperandId.R10)),
        new("ignore bit 11", "attributes", s => s.R10 |= 1UL << 43, TdxStatus.OperandInvalid.With(OperandId.R10)),
    ];

    [Test]
    public void TDH_SERVTD_PREBIND_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.SERVTD.PREBIND",
        () => With(TdStage.Initialized, s => (s.Rcx, s.Rdx) = (s.Td.TdrPage, s.Target.HostPage())),
        [
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.HkidAssigned, TdxStatus.TdKeysNotConfigured),
            CommonFailures.TdcsIncomplete,
            CommonFailures.OpStateHeld,
            CommonFailures.OpStateIs(OpState.Runnable),
            new("hash misaligned", "hash", s => s.Rdx += 0x20, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("hash with a private KeyID", "hash", s => s.Rdx = Private(s, s.Rdx),
                TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            .. Binding,
            BindingsHeld,
            new("a service TD is bound", "slot state", s => SetState(s, ServTdState.Bound), TdxStatus.ServtdBound),
        ]);

    [Test]
    public void TDH_SERVTD_BIND_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.SERVTD.BIND",
        () => With(TdStage.Initialized, Pair),
        [
            new("a TD with itself", "service", s => s.Rdx = s.Rcx, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.HkidAssigned, TdxStatus.TdKeysNotConfigured),
            CommonFailures.TdcsIncomplete,
            CommonFailures.OpStateHeld,
            CommonFailures.OpStateIs(OpState.PausedExport),
            new("service TDR misaligned", "service", s => s.Rdx += 0x80, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("service TDR held", "service", s => s.Lp.Write<ushort>(s.Pamt(s.Other!.TdrPage).Address, 1),
                TdxStatus.OperandBusy.With(OperandId.Rdx)),
            new("service page is no TDR", "service", s => s.Rdx = s.Target.Page(),
                TdxStatus.PageMetadataIncorrect.With(OperandId.Rdx)),
            new("service TD fatal", "service fatal", s => Change(s.Other!.Tdr, t => t.Fatal = true), TdxStatus.TdFatal),
            new("service TD not runnable", "service state",
                s => Change(s.Other!.Tdcs, t => t.OpState = OpState.Initialized), TdxStatus.OpStateIncorrect),
            .. Binding,
            BindingsHeld,
            new("RTMRs held", "rtmr lock", s => s.Lp.Write<ushort>(s.Other!.Tdcs.RtmrLock, 1),
                TdxStatus.OperandBusy.With(OperandId.Rtmr)),
            new("no binding and the TD is finalised", "slot",
                s => Change(s.Td.Tdcs, t => t.OpState = OpState.Runnable), TdxStatus.OpStateIncorrect),
            new("another type", "slot", s => Spoil(s, b => b.Type = 1), TdxStatus.ServtdTypeMismatch),
            new("other attributes", "slot", s => Spoil(s, b => b.Attributes = 1), TdxStatus.ServtdAttrMismatch),
            new("another hash", "slot", s => SetState(s, ServTdState.PreBound), TdxStatus.ServtdInfoHashMismatch),
        ]);

    [Test]
    public void TDH_SERVTD_BIND_of_an_instance_that_is_bound_wants_that_instance() => LeafOrder.Check(
        "TDH.SERVTD.BIND",
        () => With(TdStage.Initialized, s =>
        {
            Pair(s);
            s.R10 = 1;
            s.Target.Do("TDH.SERVTD.BIND", new(s.Rcx, s.Rdx, 0, 0, 1));
        }),
        [
            new("other attributes", "slot", s => s.R10 = 0, TdxStatus.ServtdAttrMismatch),
            new("another instance", "uuid", s => s.Td.Tdcs.ServTdBinding.SetUuid(3, 1), TdxStatus.ServtdUuidMismatch),
        ]);

    private LeafScene With(TdStage? stage, Action<LeafScene> arrange)
    {
        LeafScene scene = new(target, stage);
        arrange(scene);
        return scene;
    }

    // Two TDs: one that is being built, and one that can run.
    private static void Pair(LeafScene s)
    {
        s.Other = TestTd.At(s.Target, TdStage.Runnable, hkidIndex: 1);
        (s.Rcx, s.Rdx) = (s.Td.TdrPage, s.Other.TdrPage);
    }

    private static ulong Private(LeafScene s, ulong page) => s.Lp.Keys.WithKey(new Hpa(page), new KeyId(40)).Value;

    private static void SetState(LeafScene s, ServTdState state) => Spoil(s, b => { }, state);

    private static void Spoil(LeafScene s, Action<ServTdBinding> change, ServTdState state = ServTdState.PreBound)
    {
        ServTdBinding binding = s.Td.Tdcs.ServTdBinding;
        binding.State = state;
        change(binding);
    }

    private static void Change(Tdr tdr, Action<Tdr> change) => change(tdr);

    private static void Change(Tdcs tdcs, Action<Tdcs> change) => change(tdcs);
}
