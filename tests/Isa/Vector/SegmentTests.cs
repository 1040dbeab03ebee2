using System.Runtime.Intrinsics;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Vectors;

/// <summary>Vector operands in 32-bit code, where segments have limits, and what an observer sees of them.</summary>
public sealed unsafe class SegmentTests
{
    private const int None = -1, Gp = 13;

    // movups xmm1, [esi]; vmovups ymm2, [esi]; hlt
    private static readonly byte[] Loads = [0x0F, 0x10, 0x0E, 0xC5, 0xFC, 0x10, 0x16, 0xF4];

    [TestCase(EngineRig.Data + 31, None)]
    [TestCase(EngineRig.Data + 30, Gp)]
    [TestCase(EngineRig.Data + 14, Gp)]
    public void The_last_byte_of_an_operand_is_within_the_limit(ulong limit, int vector)
    {
        using EngineRig rig = new();
        rig.Lp->Cr4 |= 0x40600;
        rig.Lp->Xcr0 = 7;
        rig.Lp->Cs = rig.Lp->Cs with { Selector = EngineRig.Code32, AccessRights = 0xC09B };
        rig.Lp->Ds = rig.Lp->Ds with { Limit = (uint)limit };
        rig.Lp->Gpr[6] = EngineRig.Data;
        rig.Write(EngineRig.Data, 0x1122_3344_5566_7788);
        rig.Core.ModeChanged();
        rig.Load(Loads);
        rig.Run();
        Assert.That(rig.StoppedAtVector, Is.EqualTo(vector));
        if (vector == None)
            Assert.That((rig.Lp->Zmm[8], rig.Lp->Zmm[16]), Is.EqualTo((0x1122_3344_5566_7788UL, 0x1122_3344_5566_7788UL)));
    }

    [Test]
    public void An_observer_gets_the_address_and_every_word_of_a_vector()
    {
        using EngineRig rig = new();
        ulong* words = stackalloc ulong[16];
        ProbeCursor cursor = new() { Next = words, Limit = words + 16 };
        rig.Lp->Probe = &cursor;
        ValueProbe.Read(rig.Lp, 0x1000, Vector256.Create(1UL, 2, 3, 4));
        ValueProbe.Written(rig.Lp, 0x2000, (ushort)5);
        rig.Lp->Probe = null;
        Assert.That(cursor.Next - words, Is.EqualTo(7));
        Assert.That(new ReadOnlySpan<ulong>(words, 7).ToArray(), Is.EqualTo(new[]
        {
            ProbeWord.Access<Vector256<ulong>>(0x1000, write: false), 1UL, 2UL, 3UL, 4UL,
            ProbeWord.Access<ushort>(0x2000, write: true), 5UL,
        }));
    }
}
