using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>Alignment check. SDM vol. 3A, 6.15, "Interrupt 17".</summary>
public sealed unsafe class AlignmentTests
{
    // code with ds:[30001h] | #AC
    private static readonly (string Code, bool Faults)[] Rows =
    [
        ("A001000300 CD40", false), ("66A101000300 CD40", true), ("A101000300 CD40", true), ("A301000300 CD40", true),
        ("A102000300 CD40", true), ("66A102000300 CD40", false), ("A104000300 CD40", false), ("FF3501000300 CD40", true),
        ("9C CD40", false), ("BC02000300 50 CD40", true), ("BE01000300 AD CD40", true),
    ];

    [Test]
    public void Only_level_3_with_am_and_ac_is_checked()
    {
        foreach ((string code, bool faults) in Rows)
            for (int bits = 0; bits < 8; bits++)
            {
                bool user = (bits & 1) != 0, mask = (bits & 2) != 0, ac = (bits & 4) != 0;
                using ModeRig rig = new ModeRig(user ? 3 : 0).Load(code);
                rig.Lp->Cr0 |= mask ? 1UL << 18 : 0;
                rig.Core.Rflags |= ac ? 1UL << 18 : 0;
                rig.Core.ModeChanged();
                rig.Run();
                bool expected = faults && bits == 7;
                Assert.That(rig.Vector, Is.EqualTo(expected ? 17 : 0x40), $"{code} user={user} AM={mask} AC={ac}");
                if (expected)
                    Assert.That(rig.Read(rig.Esp), Is.Zero, code);
            }
    }

    [Test]
    public void A_far_call_is_checked_before_it_pushes()
    {
        using ModeRig rig = new ModeRig(3).Load("BC02000300 9A004000001B00"); // mov esp,30002h ; call 1Bh:4000h
        rig.Lp->Cr0 |= 1 << 18;
        rig.Core.Rflags |= 1 << 18;
        rig.Core.ModeChanged();
        Assert.That((rig.Run().Vector, rig.Read(rig.Esp + 4)), Is.EqualTo((17, ModeRig.Code + 5)));
    }

    [Test]
    public void System_structures_are_not_checked()
    {
        using ModeRig rig = new ModeRig(3).Load("CD40");
        rig.Lp->Cr0 |= 1 << 18;
        rig.Core.Rflags |= 1 << 18;
        rig.Lp->IdtrBase += 1;
        for (uint n = 0x800; n-- > 0;)
            rig.Memory.Write(new Seamsim.Isa.Hpa(ModeRig.Idt + n + 1), [(byte)rig.Read(ModeRig.Idt + n)], false);
        rig.Core.ModeChanged();
        Assert.That(rig.Run().Vector, Is.EqualTo(0x40));
    }

    [Test]
    public void Popf_turns_it_on_and_the_next_access_faults()
    {
        using EngineRig rig = new EngineRig(user: true).Load(
            0x68, 0x02, 0x00, 0x04, 0x00, 0x9D, 0x8B, 0x04, 0x25, 0x01, 0x00, 0x20, 0x00); // push 40002h ; popfq ; mov eax,[200001h]
        rig.Lp->Cr0 |= 1 << 18;
        rig.Core.ModeChanged();
        rig.Run();
        Assert.That((rig.StoppedAtVector, rig.Read(rig.Lp->Gpr[4]), rig.Read(rig.Lp->Gpr[4] + 8)), Is.EqualTo((17, 0UL, EngineRig.Code + 6)));
    }
}
