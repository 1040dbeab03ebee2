using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Seam;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Isa.State;

/// <summary>SDM vol. 1, 13.4 to 13.6: which register is where in an XSAVE area, and when a component is initial.</summary>
public sealed unsafe class ExtendedStateTests
{
    private const ulong Mask = 0xE7;
    private const int YmmOffset = 576, OpmaskOffset = 832, ZmmHi256Offset = 896, Hi16ZmmOffset = 1408;

    [Test]
    public void Registers_start_at_a_cache_line()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        Assert.That((ulong)rig.Core.Lp->Zmm % 64, Is.Zero);
    }

    [Test]
    public void Each_register_has_its_place_in_the_compacted_area()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        LogicalProcessor* lp = rig.Core.Lp;
        for (int i = 0; i < 256; i++)
            lp->Zmm[i] = (ulong)i;
        lp->Zmm[0] = 0x1234;
        lp->K[3] = 0xABCD;
        byte[] image = new byte[4096];
        rig.Core.Extended.Save(image, Mask);
        Assert.That(BitConverter.ToUInt64(image, 512), Is.EqualTo(0xE6));
        for (int n = 0; n < 16; n++)
        {
            Assert.That(BitConverter.ToUInt64(image, 160 + 8 + (16 * n)), Is.EqualTo((8 * n) + 1));
            Assert.That(BitConverter.ToUInt64(image, YmmOffset + (16 * n)), Is.EqualTo((8 * n) + 2));
            Assert.That(BitConverter.ToUInt64(image, ZmmHi256Offset + 24 + (32 * n)), Is.EqualTo((8 * n) + 7));
            Assert.That(BitConverter.ToUInt64(image, Hi16ZmmOffset + (64 * n)), Is.EqualTo((8 * n) + 128));
        }
        Assert.That(BitConverter.ToUInt64(image, OpmaskOffset + 24), Is.EqualTo(0xABCD));

        rig.Core.Extended.Initialise(Mask);
        Assert.That(rig.Core.Extended.InUse, Is.Zero);
        Assert.That(rig.Core.Extended.TryRestore(image, Mask, Mask), Is.True);
        Assert.That((lp->Zmm[0], lp->Zmm[255], lp->K[3]), Is.EqualTo((0x1234UL, 255UL, 0xABCDUL)));
    }

    [Test]
    public void X87_registers_are_saved_in_stack_order_and_tags_in_register_order()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        LogicalProcessor* lp = rig.Core.Lp;
        lp->Fsw = 6 << 11;
        lp->Ftw = 0xC0;
        for (int i = 0; i < 8; i++)
            lp->St[2 * i] = (ulong)(0x100 + i);
        byte[] image = new byte[4096];
        rig.Core.Extended.Save(image, Mask);
        Assert.That(Enumerable.Range(0, 8).Select(i => BitConverter.ToUInt64(image, 32 + (16 * i))),
            Is.EqualTo(new ulong[] { 0x106, 0x107, 0x100, 0x101, 0x102, 0x103, 0x104, 0x105 }));
        Assert.That(image[4], Is.EqualTo(0xC0));

        rig.Core.Extended.Initialise(1);
        Assert.That(rig.Core.Extended.TryRestore(image, Mask, Mask), Is.True);
        Assert.That((lp->Fsw, lp->Ftw, lp->St[12]), Is.EqualTo(((ushort)(6 << 11), (byte)0xC0, 0x106UL)));
    }

    [Test]
    public void A_reserved_bit_of_mxcsr_is_refused()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        byte[] image = new byte[4096];
        rig.Core.Extended.Xmm(0)[0] = 1;
        rig.Core.Extended.Save(image, Mask);
        image[26] = 1;
        Assert.That(rig.Core.Extended.TryRestore(image, Mask, Mask), Is.False);
    }
}
