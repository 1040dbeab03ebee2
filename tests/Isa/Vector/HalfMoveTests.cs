using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Vectors;

/// <summary>VMOVW and VMOVSH, SDM vol. 2: hardware without AVX512-FP16 cannot check them.</summary>
public sealed unsafe class HalfMoveTests
{
    [Test]
    public void Words_move_and_clear_what_is_above()
    {
        using EngineRig rig = new();
        rig.Lp->Cr4 |= 0x40600;
        rig.Lp->Xcr0 = 0xE7;
        rig.Core.ModeChanged();
        for (int i = 0; i < 256; i++)
            rig.Lp->Zmm[i] = ulong.MaxValue - (ulong)i;
        rig.Lp->Gpr[0] = rig.Lp->Gpr[3] = 0x1_2345_6789;
        rig.Lp->Gpr[6] = EngineRig.Data;
        rig.Write(EngineRig.Data, 0xAAAA_BBBB_CCCC_DDDD);
        rig.Load(a =>
        {
            a.vmovw(xmm1, eax);
            a.vmovw(ebx, xmm2);
            a.vmovw(xmm3, __word_ptr[rsi]);
            a.vmovsh(xmm4, xmm5, xmm6);
            a.vmovsh(xmm7, __[rsi]);
            a.vmovsh(__[rsi + 4], xmm1);
            a.hlt();
        });
        rig.Run();
        Assert.That((rig.Lp->Zmm[8], rig.Lp->Zmm[9], rig.Lp->Zmm[10]), Is.EqualTo((0x6789UL, 0UL, 0UL)));
        Assert.That(rig.Lp->Gpr[3], Is.EqualTo(0xFFEFUL));
        Assert.That((rig.Lp->Zmm[24], rig.Lp->Zmm[25]), Is.EqualTo((0xDDDDUL, 0UL)));
        Assert.That((rig.Lp->Zmm[32], rig.Lp->Zmm[33], rig.Lp->Zmm[34]),
            Is.EqualTo((0xFFFF_FFFF_FFFF_FFCFUL, ulong.MaxValue - 41, 0UL)));
        Assert.That((rig.Lp->Zmm[56], rig.Lp->Zmm[57]), Is.EqualTo((0xDDDDUL, 0UL)));
        Assert.That(rig.Read(EngineRig.Data), Is.EqualTo(0xAAAA_6789_CCCC_DDDDUL));
    }
}
