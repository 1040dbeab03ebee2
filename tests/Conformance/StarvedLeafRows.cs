using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Leaves that run out of entropy, or are interrupted half-way: only the test double can be brought to that at will.
/// </summary>
[Category("Conformance")]
public class StarvedLeafRows
{
    private const string Target = "bare";

    [Test]
    public void The_sixth_TDCS_page_needs_entropy_for_the_migration_key()
    {
        using LeafScene scene = new(Target, TdStage.KeysConfigured);
        scene.Td.AddTdcx(5);
        scene.Bare!.Entropy = 0;
        (scene.Rcx, scene.Rdx) = (scene.Target.Page(), scene.Td.TdrPage);
        Assert.That(scene.Call("TDH.MNG.ADDCX").Status, Is.EqualTo(TdxStatus.RndNoEntropy));
    }

    [Test]
    public void An_interrupt_suspends_the_write_back_and_resume_finishes_it()
    {
        using LeafScene scene = new(Target, TdStage.Blocked);
        scene.Target.TrySetMsr(0, 0x9A, 2);
        TdxStatus first = scene.Call("TDH.PHYMEM.CACHE.WB").Status;
        scene.Target.TrySetMsr(0, 0x9A, 0);
        scene.Rcx = 1;
        TdxStatus second = scene.Call("TDH.PHYMEM.CACHE.WB").Status;
        Assert.That(
            (first, second, scene.Data.Kot.WbinvdBitmap(new KeyId(scene.Td.Hkid))),
            Is.EqualTo((TdxStatus.InterruptedResumable, TdxStatus.Success, 0u)));
    }
}
