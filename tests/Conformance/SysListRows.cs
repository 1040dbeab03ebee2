using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Conformance;

/// <summary>Every failure of TDH.SYS.RDALL, and which beats which. TDX Module 1.5 ABI, "TDH.SYS.RDALL Leaf".</summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class SysListRows(string target)
{
    [Test]
    public void TDH_SYS_RDALL_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.SYS.RDALL",
        () =>
        {
            LeafScene scene = new(target);
            (scene.Rdx, scene.R8) = (scene.Target.HostPage(), ulong.MaxValue);
            return scene;
        },
        [
            new("LP not initialised", "lp", s => Uninitialise(s.Data.Lp), TdxStatus.SysLpInitNotDone),
            new("buffer misaligned", "buffer", s => s.Rdx += 0x800, TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("buffer with a private KeyID", "buffer", s => s.Rdx = s.Lp.Keys.WithKey(new(s.Rdx), new(40)).Value,
                TdxStatus.OperandInvalid.With(OperandId.Rdx)),
            new("start nobody knows", "start", s => s.R8 = 0x9000000300000FFF, TdxStatus.MetadataFieldIdIncorrect),
            new("start of another size", "start", s => s.R8 = 0x9000000200000080, TdxStatus.MetadataFieldIdIncorrect),
            new("start inside a field", "start", s => s.R8 = 0x9900000300000501, TdxStatus.MetadataFieldIdIncorrect),
        ]);

    private static void Uninitialise(LpData lp) => lp.Initialized = false;
}
