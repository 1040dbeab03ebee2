using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>
/// A short story on two logical processors, small enough to check every number of by hand: the host loops, calls
/// TDH.MNG.CREATE, enters a TD, which faults, copies with REP MOVSB and calls back.
/// </summary>
internal static unsafe class SampleTrace
{
    public const TraceAspects Aspects = TraceAspects.Memory | TraceAspects.Values | TraceAspects.Registers | TraceAspects.Physical;

    /// <summary>The file.</summary>
    /// <param name="loopValue">What the host's loop reads: another value makes another trace.</param>
    /// <param name="cycleStep">Cycles of a block of the host.</param>
    /// <param name="seed">The seed it claims.</param>
    public static byte[] Create(ulong loopValue = 0x11, ulong cycleStep = 4, ulong seed = 7)
    {
        using MemoryStream file = new();
        using TraceWriter writer = TraceWriter.Create(file, TraceSteps.Header with { Aspects = Aspects, LpCount = 2, Seed = seed }, 60);
        TraceBuffer* to = writer.Buffer;

        // 0x1000: mov rax,[rbx]; add [rcx],rax; dec rdx; jnz 0x1000
        int loop = writer.DefineBlock(Block(0x1000, TraceWorld.Host, 0, 4, "48 8b 03 48 01 01 48 ff ca 75 f5"));
        // 0x100b: seamcall
        int seamcall = writer.DefineBlock(Block(0x100B, TraceWorld.Host, 0, 1, "66 0f 01 cf"));
        // 0x5000: push rax; call 0x5010
        int guest = writer.DefineBlock(Block(0x5000, TraceWorld.Td, 33, 2, "50 e8 0a 00 00 00"));
        // 0x5010: rep movsb; ret
        int copy = writer.DefineBlock(Block(0x5010, TraceWorld.Td, 33, 2, "f3 a4 c3"));

        to->Event(EventKind.AddressSpace, 0, 100, 1, 0x9000);
        to->Event(EventKind.Translation, 0, 100, 0x2000, 0x2000, 0x72000, 0, 4096);
        to->Registers(0b1111, [1, 2, 3, 4]);
        ulong clock = 100;
        for (int i = 0; i < 3; i++)
        {
            to->Execute(loop, clock);
            to->Access(0x2000 + (ulong)i * 8, 8, false, loopValue);
            to->Access(0x3000, 8, false, (ulong)i);
            to->Access(0x3000, 8, true, (ulong)i + loopValue);
            to->Registers(0b101, [loopValue, 2UL - (ulong)i]);
            clock += cycleStep;
        }
        to->Execute(seamcall, clock);
        to->Event(EventKind.LeafEnter, (int)LeafClass.Seamcall, clock + 1, 9, 0x123000);
        to->Event(EventKind.WorldSwitch, (int)TraceWorld.Seam, clock + 2);
        to->Event(EventKind.Operation, (int)Seamsim.Isa.Ports.Operation.Vmread, clock + 10, 8, 0x2000);
        to->Event(EventKind.WorldSwitch, (int)TraceWorld.Host, clock + 50);
        to->Event(EventKind.LeafExit, (int)LeafClass.Seamcall, clock + 50, 0);

        to->SwitchLp(1, 500);
        to->Event(EventKind.Mark, writer.Name("region"), 500);
        to->Event(EventKind.WorldSwitch, (int)TraceWorld.Td, 510);
        to->Execute(guest, 510);
        to->Access(0x8FF8, 8, true, 0x55);
        to->Access(0x8FF0, 8, true, 0x5006);
        to->Execute(copy, 520);
        for (ulong i = 0; i < 3; i++)
        {
            to->Access(0x6000 + i, 1, false, i);
            to->Access(0x7000 + i, 1, true, i);
        }
        to->Event(EventKind.Exception, 14, 530, EventShape.HasErrorCode, 2, 0x7003);
        to->Retire(0);
        to->Event(EventKind.VmExit, 48, 540, 0x181, 0x7003, 0x47003);
        to->Event(EventKind.WorldSwitch, (int)TraceWorld.Seam, 545);
        Assert.That(writer.Finish().Failure, Is.Null);
        return file.ToArray();
    }

    /// <summary>Writes it where a test may.</summary>
    public static string Write(string name, byte[] file)
    {
        string folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "traces");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, file);
        return path;
    }

    private static BlockDefinition Block(ulong address, TraceWorld world, ushort key, int instructions, string hex) => new(
        address, address + 0x70000, key, 64, (byte)(world == TraceWorld.Td ? 3 : 0), world, instructions,
        hex.Split(' ').Select(b => Convert.ToByte(b, 16)).ToArray());
}
