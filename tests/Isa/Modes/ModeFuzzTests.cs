using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>
/// Random programs of system instructions in every mode with random control bits: no exception leaves the simulator, no
/// program hangs it, and the same program ends in the same state twice.
/// </summary>
public sealed unsafe class ModeFuzzTests
{
    private const int Programs = 1000, Instructions = 200;

    // Beginnings of the instructions that this folder is about; random bytes follow.
    private static readonly string[] Openings =
    [
        "0F00", "0F01", "0F02", "0F03", "0F06", "0F20", "0F21", "0F22", "0F23", "0F34", "0F35", "0F05", "0F07", "480F07",
        "8ED0", "8ED8", "8EC0", "8CD8", "17", "1F", "07", "0FA1", "0FA9", "0FB2", "0FB4", "C5", "C4", "CA", "CB", "CF", "48CF",
        "66CF", "9A", "EA", "FF1D", "FF2D", "48FF1C25", "C8", "C9", "C2", "C3", "E8", "FFD0", "FFE0", "CC", "CD40", "CE", "F1",
        "62", "63", "9C", "9D", "669C", "669D", "FA", "FB", "F4", "EC", "EE", "E440", "E640", "F3AA", "F3A4", "F36C", "F36E",
        "0F01CA", "0F01CB", "0F01EE", "0F01EF", "F30F01E8", "F30F01EA", "F30F0128", "F30FAE30", "F30F1EC8", "F30FAEE8",
        "F30F1EFA", "F30F1EFB", "0F38F600", "660F38F500", "0F30", "0F32", "0FAA", "0F0B", "F0", "66", "67", "2E", "36", "3E",
    ];

    [Test]
    public void Random_system_programs_neither_crash_nor_hang_nor_differ()
    {
        for (uint seed = 1; seed <= Programs; seed++)
        {
            ulong first = RunProgram(seed), second = RunProgram(seed);
            Assert.That(second, Is.EqualTo(first), $"seed {seed}");
        }
    }

    private static ulong RunProgram(uint seed)
    {
        var random = new Sequence(seed);
        byte[] code = Program(random);
        return seed % 2 == 0 ? RunLegacy(random, code) : RunLong(random, code);
    }

    private static byte[] Program(Sequence random)
    {
        List<byte> bytes = [];
        while (bytes.Count < 200)
        {
            if (random.Next(4) != 0)
                bytes.AddRange(Convert.FromHexString(Openings[random.Next(Openings.Length)]));
            for (int n = random.Next(4); n > 0; n--)
                bytes.Add((byte)random.Next(256));
        }
        return [.. bytes];
    }

    private static ulong RunLegacy(Sequence random, byte[] code)
    {
        using ModeRig rig = new(random.Next(2) * 3);
        switch (random.Next(4))
        {
            case 0: rig.Real(0x1000); break;
            case 1: rig.Virtual8086(random.Next(4), (ulong)random.Next(4)); break;
        }
        rig.Memory.Write(new Hpa(ModeRig.Code), code, false);
        for (int vector = 0; vector < 256; vector++)
            rig.Load(random.Next(3) == 0 ? "F4" : "CF", ModeRig.Handler(vector));
        for (ushort selector = 8; selector < 0x100; selector += 8)
            if (random.Next(6) == 0)
                rig.Write(ModeRig.Gdt + selector, random.Next64());
        rig.Lp->Cr4 |= (ulong)random.Next(0x40) & 0x1B;
        return Finish(rig.Core, random);
    }

    private static ulong RunLong(Sequence random, byte[] code)
    {
        using EngineRig rig = new EngineRig(user: random.Next(2) != 0).Load(code);
        rig.Lp->Efer |= 1;
        rig.Lp->Cr4 |= random.Next64() & 0x01F7_0000 & ~(1UL << 17);
        (rig.Lp->SCet, rig.Lp->UCet) = ((ulong)random.Next(32), (ulong)random.Next(32));
        rig.ChangePte(0x600000, 7, 0x61 | (ulong)random.Next(2) << 2);
        rig.Lp->Ssp = rig.Lp->Pl0Ssp = 0x600800;
        rig.Write(0x600800, 0x600800);
        (rig.Lp->Pkru, rig.Lp->Lstar, rig.Lp->SysenterEip, rig.Lp->SysenterCs) = (0, EngineRig.Code + 100, EngineRig.Code, 8);
        rig.Core.FlushTlb();
        return Finish(rig.Core, random);
    }

    private static ulong Finish(Core core, Sequence random)
    {
        LogicalProcessor* lp = core.Lp;
        for (int register = 0; register < 8; register++)
            if (register != 4)
                lp->Gpr[register] = random.Next(3) == 0 ? random.Next64() : (ulong)random.Next(0x100) << random.Next(16);
        lp->Gpr[1] &= 0x3F; // short strings
        core.Rflags |= random.Next64() & 0x5_4FD5 & ~0x2_0000UL;
        lp->Dr7 = 0x400 | (random.Next(3) == 0 ? random.Next64() & 0xFFFF_00FF : 0);
        (lp->Dr0, lp->Dr1) = (0x100000 + (ulong)random.Next(64), 0x10000 + (ulong)random.Next(64));
        core.DebugRegistersChanged();
        RunEnd end = core.Run(Instructions, ulong.MaxValue);
        ulong hash = (ulong)end;
        foreach (ulong value in (ulong[])[lp->Rip, core.Rflags, lp->Cr0, lp->Cr2, lp->Cr3, lp->Cr4, lp->Dr6, lp->Dr7, lp->Ssp, lp->Instructions, lp->Cs.Base, lp->Ss.Base])
            hash = Mix(hash, value);
        for (int register = 0; register < 16; register++)
            hash = Mix(hash, lp->Gpr[register]);
        return hash;
    }

    private static ulong Mix(ulong hash, ulong value) => (ulong.RotateLeft(hash, 13) ^ value) * 0x9E3779B97F4A7C15;

    /// <summary>xorshift64.</summary>
    private sealed class Sequence(uint seed)
    {
        private ulong state = (seed * 0x9E3779B97F4A7C15) | 1;

        public ulong Next64()
        {
            state ^= state << 13;
            state ^= state >> 7;
            return state ^= state << 17;
        }

        public int Next(int below) => (int)(Next64() >> 33) % below;
    }
}
