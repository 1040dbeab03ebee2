using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Engine;

public sealed unsafe class ChainStackTests
{
    /// <summary>
    /// The longest chain is 4,096 ops; if every one were a real call, it would have to fit a small thread's stack.
    /// </summary>
    [Test]
    public void A_chain_of_every_handler_fits_a_small_stack()
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                RunEveryHandler();
            }
            catch (Exception e) when (e is not AssertionException)
            {
                failure = e;
            }
        }, maxStackSize: 4 << 20);
        thread.Start();
        thread.Join();
        Assert.That(failure, Is.Null);
    }

    [Test]
    public void In_optimised_code_no_handler_moves_the_stack()
    {
        if (Attribute.GetCustomAttribute(typeof(Core).Assembly, typeof(System.Diagnostics.DebuggableAttribute))
                is System.Diagnostics.DebuggableAttribute { IsJITOptimizerDisabled: true })
            Assert.Ignore("an unoptimised build makes real calls; the other test bounds them");
        RunEveryHandler();
        using HandlerChain chain = new();
        int measured = 0, vectors = 0;
        using (Assert.EnterMultipleScope())
        {
            foreach (HandlerKey key in HandlerTable.For(typeof(NoProbe)).Instantiated)
            {
                if (key.Family is Family.System or Family.Managed or Family.VectorGeneral)
                    continue; // they go back to the run loop and call nothing; the last one needs its instruction
                foreach (HandlerKey version in key.Careful ? [key] : (HandlerKey[])[key, key.ToCareful()])
                {
                    nint near = chain.StackAfter(version, 1), far = chain.StackAfter(version, 1000);
                    Assert.That(near, Is.Not.Zero, $"{version} left its chain");
                    Assert.That(far, Is.EqualTo(near), version.ToString());
                    measured++;
                    vectors += key.Family is >= Family.VectorLanes and <= Family.VectorStore ? 1 : 0;
                }
            }
        }
        Assert.That(measured, Is.GreaterThan(500));
        Assert.That(vectors, Is.GreaterThan(1000));
    }

    [Test]
    public void In_optimised_code_no_probed_handler_and_no_marker_moves_the_stack()
    {
        if (Attribute.GetCustomAttribute(typeof(Core).Assembly, typeof(System.Diagnostics.DebuggableAttribute))
                is System.Diagnostics.DebuggableAttribute { IsJITOptimizerDisabled: true })
            Assert.Ignore("an unoptimised build makes real calls; the other test bounds them");
        RunEveryHandler();
        using HandlerChain chain = new();
        using (Assert.EnterMultipleScope())
        {
            foreach (HandlerKey key in HandlerTable.For(typeof(NoProbe)).Instantiated)
            {
                if (key.Family is Family.System or Family.Managed or Family.VectorGeneral || key.Careful)
                    continue;
                if (key.Family is >= Family.VectorLanes and <= Family.VectorStore && key.Src < Place.BaseDisp
                    && key.Dst < Place.BaseDisp)
                    continue; // no access, no probe: it has been measured
                foreach (Type probe in (Type[])[typeof(AddressProbe), typeof(ValueProbe)])
                {
                    nint near = chain.StackAfter(key, 1, probe), far = chain.StackAfter(key, 1000, probe);
                    Assert.That(near, Is.Not.Zero, $"{key} left its chain");
                    Assert.That(far, Is.EqualTo(near), $"{probe.Name}: {key}");
                }
            }
            Assert.That(chain.StackAfter(&BlockMarker.Run, 1000), Is.EqualTo(chain.StackAfter(&BlockMarker.Run, 1)));
            Assert.That(chain.StackAfter(&RegisterMarker.Run, 1000), Is.EqualTo(chain.StackAfter(&RegisterMarker.Run, 1)));
        }
    }

    private static void RunEveryHandler()
    {
        foreach (byte[] code in Programs.Concat(VectorPrograms.All))
        {
            using EngineRig rig = new();
            rig.Lp->Cr4 |= 0x40600; // OSXSAVE, OSXMMEXCPT, OSFXSR
            rig.Lp->Xcr0 = 0xE7;
            rig.Core.ModeChanged();
            byte[] repeated = new byte[0x8000];
            for (int at = 0; at + code.Length <= repeated.Length; at += code.Length)
                code.CopyTo(repeated, at);
            rig.Load(repeated);
            for (int i = 0; i < 16; i++)
                if (i != 4)
                    rig.Lp->Gpr[i] = EngineRig.Data;
            rig.Lp->Gpr[2] = 0;
            rig.Run(6000);
            Assert.That(rig.Lp->Instructions, Is.GreaterThan(0));
        }
    }

    // One instruction a line: every operation with register, memory and immediate operands in every width.
    private static IEnumerable<byte[]> Programs
    {
        get
        {
            foreach (byte opcode in (byte[])[0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x84, 0x86, 0x88])
            {
                foreach (byte wide in (byte[])[0, 1])
                {
                    byte op = (byte)(opcode | wide);
                    foreach (byte mod in (byte[])[0xC8, 0x0E, 0x4E])
                        foreach (byte[] prefix in (byte[][])[[], [0x66], [0x48]])
                            yield return [.. prefix, op, mod, .. mod == 0x4E ? new byte[] { 8 } : []];
                    yield return [0x48, op, 0x0C, 0xD6]; // [rsi + rdx*8]
                    if (opcode < 0x40)
                        yield return [(byte)(op | 2), 0x0E]; // register from memory
                }
            }
            for (int extension = 0; extension < 8; extension++)
                foreach (byte mod in (byte[])[0xC1, 0x06])
                {
                    byte modrm = (byte)(mod | (extension << 3));
                    yield return [0x48, 0x83, modrm, 3];
                    yield return [0xC1, modrm, 3];
                    yield return [0x48, 0xD3, modrm];
                    yield return [0x48, 0xF7, modrm, .. extension < 2 ? new byte[] { 1, 2, 3, 4 } : []];
                    if (extension < 2)
                        yield return [0x48, 0xFF, modrm];
                    if (extension >= 4)
                        yield return [0x48, 0x0F, 0xBA, modrm, 3];
                }
            for (int condition = 0; condition < 16; condition++)
            {
                yield return [0x48, 0x0F, (byte)(0x40 + condition), 0xC1];
                yield return [0x0F, (byte)(0x90 + condition), 0xC0];
                yield return [(byte)(0x70 + condition), 0];
                yield return [0x39, 0xC8, (byte)(0x70 + condition), 0];
                yield return [0x48, 0x3B, 0x06, (byte)(0x70 + condition), 0];
                yield return [0x85, 0xC8, (byte)(0x70 + condition), 0];
            }
            foreach (byte[] code in (byte[][])
                [
                    [0x50, 0x58], [0xFF, 0x36, 0x58], [0x6A, 1, 0x59], [0xEB, 0], [0xE8, 0, 0, 0, 0, 0x58], [0x90], [0x98],
                    [0x99], [0xF5], [0xF8], [0x9F], [0x9E], [0x48, 0x8D, 0x46, 8], [0x48, 0x8D, 0x44, 0xD6, 8],
                    [0x0F, 0xB6, 0x06], [0x0F, 0xBE, 0xC1], [0x48, 0x63, 0xC1], [0x0F, 0xAF, 0xC1], [0x6B, 0xC1, 3],
                    [0x0F, 0xA4, 0xC8, 3], [0x0F, 0xAC, 0x0E, 3], [0x0F, 0xC8], [0x0F, 0xC1, 0x0E], [0x0F, 0xB1, 0x0E],
                    [0x0F, 0xBC, 0xC1], [0xF3, 0x0F, 0xB8, 0xC1], [0xF3, 0x0F, 0xBC, 0xC1], [0xF3, 0x0F, 0xBD, 0x06],
                    [0xE2, 0], [0xC6, 0x06, 1], [0x48, 0xC7, 0x06, 1, 0, 0, 0], [0x64, 0x8B, 0x06], [0x67, 0x8B, 0x06],
                ])
                yield return code;
            // BMI1, BMI2, ADX
            foreach (byte wide in (byte[])[0x00, 0x80])
                foreach (byte modrm in (byte[])[0xC1, 0x06])
                {
                    foreach (byte opcode in (byte[])[0xF2, 0xF5, 0xF6, 0xF7])
                        foreach (byte prefix in (byte[])[0, 1, 2, 3])
                            yield return [0xC4, 0xE2, (byte)(0x70 | wide | prefix), opcode, modrm];
                    foreach (byte blsx in (byte[])[0x08, 0x10, 0x18])
                        yield return [0xC4, 0xE2, (byte)(0x70 | wide), 0xF3, (byte)(modrm | blsx)];
                    yield return [0xC4, 0xE3, (byte)(0x7B | wide), 0xF0, modrm, 9];
                    yield return [0x66, .. wide != 0 ? new byte[] { 0x48 } : [], 0x0F, 0x38, 0xF6, modrm];
                    yield return [0xF3, .. wide != 0 ? new byte[] { 0x48 } : [], 0x0F, 0x38, 0xF6, modrm];
                }
        }
    }
}
