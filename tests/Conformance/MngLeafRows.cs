using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>Every failure of the TD management leaves, and which beats which. TDX Module 1.5 ABI, leaf pages.</summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class MngLeafRows(string target)
{
    private static readonly TdxStatus WrongLifecycle = TdxStatus.LifecycleStateIncorrect;

    [Test]
    public void TDH_MNG_CREATE_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.CREATE",
        () => With(null, s => (s.Rcx, s.Rdx) = (s.Td.TdrPage, s.Td.Hkid)),
        [
            new("HKID with high bits", "hkid", s => s.Rdx |= 1UL << 16, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("shared HKID", "hkid", s => s.Rdx = 1, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("HKID beyond the last", "hkid", s => s.Rdx = 64, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            .. CommonFailures.FreePage(OperandId.Rcx, (s, v) => s.Rcx = v, s => s.Rcx),
            CommonFailures.KotHeld,
            new("the global HKID", "hkid", s => s.Rdx = s.Target.GlobalHkid, TdxStatus.HkidNotFree),
            new("no entropy", "entropy", s => s.Bare!.Entropy = 3, TdxStatus.RndNoEntropy) { NeedsBare = true },
        ]);

    [Test]
    public void TDH_MNG_KEY_CONFIG_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.KEY.CONFIG",
        () => With(TdStage.Created, s => s.Rcx = s.Td.TdrPage),
        [
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.KeysConfigured, WrongLifecycle),
            new("package done", "package", s => SetPackages(s.Td.Tdr, 1), TdxStatus.KeyConfigured),
            .. CommonFailures.Pconfig,
        ]);

    [Test]
    public void TDH_MNG_ADDCX_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.ADDCX",
        () => With(TdStage.TdcsAllocated, s => (s.Rcx, s.Rdx) = (s.Target.Page(), s.Td.TdrPage)),
        [
            .. CommonFailures.Tdr(OperandId.Rdx, (s, v) => s.Rdx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.HkidAssigned, TdxStatus.TdKeysNotConfigured),
            new("nine pages", "pages", s => SetNumTdcx(s.Td.Tdr, 9), TdxStatus.TdcxNumIncorrect),
            .. CommonFailures.FreePage(OperandId.Rcx, (s, v) => s.Rcx = v, s => s.Rcx),
            CommonFailures.OpStateIs(OpState.Initialized),
        ]);

    [Test]
    public void TDH_MNG_VPFLUSHDONE_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.VPFLUSHDONE",
        () => With(TdStage.Initialized, s => s.Rcx = s.Td.TdrPage),
        [
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.KotHeld,
            CommonFailures.Lifecycle(Lifecycle.Blocked, WrongLifecycle),
            new("a virtual CPU is associated", "vcpus", s => Associate(s.Td.Tdcs), TdxStatus.FlushvpNotDone),
        ]);

    [Test]
    public void TDH_MNG_KEY_FREEID_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.KEY.FREEID",
        () => With(TdStage.Blocked, s =>
        {
            s.Target.Do("TDH.PHYMEM.CACHE.WB");
            s.Rcx = s.Td.TdrPage;
        }),
        [
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Lifecycle(Lifecycle.KeysConfigured, WrongLifecycle),
            CommonFailures.KotHeld,
            new("a package did not write back", "wb", s => s.Data.Kot.SetWbinvdBitmap(new KeyId(s.Td.Hkid), 1),
                TdxStatus.WbcacheNotComplete),
        ]);

    [Test]
    public void TDH_MNG_RD_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.RD",
        () => With(TdStage.Initialized, s => (s.Rcx, s.Rdx) = (s.Td.TdrPage, 0x1110000300000000)),
        [
            new("version 2", "version", s => s.Version = 2, TdxStatus.OperandInvalid.With(OperandId.Rax)),
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.HkidAssigned, TdxStatus.TdKeysNotConfigured),
            CommonFailures.TdcsIncomplete,
            CommonFailures.OpStateHeld,
            CommonFailures.OpStateIs(OpState.Uninitialized),
            new("null id in version 0", "field", s => s.Rdx = ulong.MaxValue, TdxStatus.MetadataFieldIdIncorrect),
            new("last element set", "field", s => s.Rdx |= 1UL << 34, TdxStatus.MetadataFieldIdIncorrect),
            new("unknown field", "field", s => s.Rdx = 0x1110000300000FFF, TdxStatus.MetadataFieldIdIncorrect),
            new("field the host may not read", "field", s => s.Rdx = 0x1310000300000040,
                TdxStatus.MetadataFieldNotReadable),
            new("SEPT root of an L2 VM that does not exist", "field", s => s.Rdx = 0x2510000300000000,
                TdxStatus.MetadataFieldIdIncorrect),
            new("CPUID leaf that raises #VE", "field", s => s.Rdx = 0x9410000300000000 | 6 << 9 | 1 << 8,
                TdxStatus.MetadataFieldNotReadable),
            new("CPUID leaf nobody knows", "field", s => s.Rdx = 0x9410000300000000 | 2 << 9 | 1 << 8,
                TdxStatus.MetadataFieldIdIncorrect),
        ]);

    [Test]
    public void TDH_MNG_WR_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.WR",
        () => With(TdStage.Initialized,
            s => (s.Rcx, s.Rdx, s.R8, s.R9) = (s.Td.TdrPage, 0x9110000300000011, 20_000, ulong.MaxValue)),
        [
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.OpStateHeld,
            CommonFailures.OpStateIs(OpState.PausedExport),
            new("reserved bit in the id", "field", s => s.Rdx |= 1UL << 24, TdxStatus.MetadataFieldIdIncorrect),
            new("field nobody writes", "field", s => s.Rdx = 0x1110000300000000, TdxStatus.MetadataFieldNotWritable),
            new("empty mask", "mask", s => s.R9 = 0, TdxStatus.MetadataFieldNotWritable),
            new("mask not full", "mask", s => s.R9 = uint.MaxValue, TdxStatus.MetadataWrMaskNotValid),
            new("too short", "value", s => s.R8 = 9_999, TdxStatus.MetadataFieldValueNotValid),
            new("too long", "value", s => s.R8 = 100_000_001, TdxStatus.MetadataFieldValueNotValid),
        ]);

    private LeafScene With(TdStage? stage, Action<LeafScene> arrange)
    {
        LeafScene scene = new(target, stage);
        arrange(scene);
        return scene;
    }

    private static void SetPackages(Tdr tdr, ulong packages) => tdr.PkgConfigBitmap = packages;

    private static void SetNumTdcx(Tdr tdr, int pages) => tdr.NumTdcx = pages;

    private static void Associate(Tdcs tdcs) => tdcs.NumAssocVcpus = 1;
}
