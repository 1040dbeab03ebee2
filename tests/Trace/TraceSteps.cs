using System.Globalization;
using System.Text;
using CsCheck;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>What a recorder could see, written down so that it can be recorded and told independently.</summary>
internal abstract record Step
{
    public sealed record Execute(int Block, uint Cycles, int Missing) : Step;

    public sealed record Access(ulong Address, int Bytes, bool IsWrite, ulong Value) : Step;

    public sealed record Event(EventKind Kind, int Code, int Cycles, ulong[] Operands) : Step;

    public sealed record SwitchLp(int Lp) : Step;

    public sealed record Registers(uint Mask, ulong Value) : Step;

    public sealed record Vector(int Register, byte Mask, ulong Value) : Step;
}

/// <summary>Records steps, and tells them as lines without knowing the format.</summary>
internal static class TraceSteps
{
    public static TraceHeader Header { get; } = new(
        "seamsim test", "0123abcd", 7, "functional", "sapphire-rapids", 4,
        TraceAspects.Memory | TraceAspects.Values | TraceAspects.Registers | TraceAspects.Physical, TraceWorlds.All);

    public static BlockDefinition[] Blocks { get; } =
    [
        Block(0xFFFF_8000_0010_0000, TraceWorld.Host, "48 01 d8 8b 03 89 03 75 f0", 4),
        Block(0x1000, TraceWorld.Td, "50 5b c3", 3),
        Block(0x2000, TraceWorld.Td, "f3 a4", 1),
        Block(0x7000_0000, TraceWorld.Seam, "", 0),
        Block(0x4000, TraceWorld.L2, "90", 1),
    ];

    public static Gen<Step[]> Any { get; } = CreateGen();

    /// <summary>Records the steps.</summary>
    public static unsafe byte[] Record(IEnumerable<Step> steps, int frameWords = 40)
    {
        using MemoryStream file = new();
        using TraceWriter writer = TraceWriter.Create(file, Header, frameWords);
        int[] ids = [.. Blocks.Select(writer.DefineBlock)];
        TraceBuffer* to = writer.Buffer;
        ulong[] clocks = new ulong[8];
        int lp = 0, block = 0;
        foreach (Step step in steps)
        {
            switch (step)
            {
                case Step.Execute s:
                    block = s.Block;
                    to->Execute(ids[block], clocks[lp] += s.Cycles);
                    if (Blocks[block].Instructions > s.Missing && s.Missing > 0)
                        to->Retire(Blocks[block].Instructions - s.Missing);
                    break;
                case Step.Access s:
                    to->Access(s.Address, s.Bytes, s.IsWrite, Words(s));
                    break;
                case Step.Event s:
                    int code = s.Kind is EventKind.Mark or EventKind.Charge ? writer.Name($"name {s.Code}") : s.Code;
                    to->Event(s.Kind, code, clocks[lp] += (ulong)s.Cycles, s.Operands);
                    break;
                case Step.SwitchLp s:
                    lp = s.Lp;
                    to->SwitchLp(lp, clocks[lp]);
                    break;
                case Step.Registers s:
                    to->Registers(s.Mask, Values(s.Mask, s.Value));
                    break;
                case Step.Vector s:
                    to->VectorRegister(s.Register, s.Mask, Values(s.Mask, s.Value));
                    break;
            }
        }
        TraceTotals totals = writer.Finish();
        Assert.That(totals.Failure, Is.Null);
        Assert.That(totals.Bytes, Is.EqualTo(file.Length));
        return file.ToArray();
    }

    /// <summary>The lines that reading must give: executions with their accesses and registers, then events.</summary>
    public static List<string> Tell(IEnumerable<Step> steps)
    {
        List<string> lines = [];
        ulong[] clocks = new ulong[8];
        TraceWorld[] worlds = new TraceWorld[8];
        SortedDictionary<int, ulong>[] registers = [.. Enumerable.Range(0, 8).Select(_ => new SortedDictionary<int, ulong>())];
        int lp = 0, execution = -1;
        ulong instructions = 0;
        foreach (Step step in steps)
        {
            switch (step)
            {
                case Step.Execute s:
                    BlockDefinition block = Blocks[s.Block];
                    int retired = block.Instructions > s.Missing ? block.Instructions - s.Missing : block.Instructions;
                    execution = lines.Count;
                    lines.Add($"{lp} {block.World} @{clocks[lp] += s.Cycles} #{instructions} {block.Address:x} {retired} "
                        + Told(registers[lp]));
                    instructions += (ulong)retired;
                    break;
                case Step.Access s when execution >= 0:
                    lines[execution] += $" {(s.IsWrite ? 'w' : 'r')}{s.Bytes}:{s.Address:x}={string.Join(',', Words(s))}";
                    break;
                case Step.Event s:
                    if (s.Kind == EventKind.WorldSwitch)
                        worlds[lp] = (TraceWorld)s.Code;
                    string name = s.Kind is EventKind.Mark or EventKind.Charge ? $"name {s.Code}" : $"{s.Code}";
                    lines.Add($"{lp} {worlds[lp]} @{clocks[lp] += (ulong)s.Cycles} {s.Kind} {name} {string.Join(',', s.Operands)}");
                    break;
                case Step.SwitchLp s:
                    lp = s.Lp;
                    execution = -1;
                    lines.Add($"{lp} {worlds[lp]} @{clocks[lp]} LpSwitch {lp} ");
                    break;
                case Step.Registers s:
                    Set(registers[lp], 0, s.Mask, s.Value);
                    break;
                case Step.Vector s:
                    Set(registers[lp], 32 + s.Register * 8, s.Mask, s.Value);
                    break;
            }
        }
        return lines;
    }

    /// <summary>Reads a file as the same lines; an execution told in parts is one line, where its last part is.</summary>
    public static List<string> Read(byte[] file, out TraceEnd end)
    {
        using TraceReader reader = TraceReader.Open(new MemoryStream(file), "x.sst");
        end = reader.End;
        List<string> lines = [];
        TraceCursor cursor = reader.ReadFrom();
        Dictionary<int, (string Head, string Registers, string Accesses)> parts = [];
        while (cursor.Next())
        {
            TraceRecord r = cursor.Current;
            if (r.IsExecution)
            {
                (string head, string registers, string accesses) = parts.TryGetValue(r.Lp, out var begun)
                    ? begun
                    : ($"{r.Lp} {r.World} @{r.Cycles} #{r.Instruction} {r.Block!.Address:x}", Known(cursor.RegistersOf(r.Lp)), "");
                accesses += Accesses(r);
                parts[r.Lp] = (head, registers, accesses);
                if (!r.IsPartial && parts.Remove(r.Lp))
                    lines.Add($"{head} {r.Retired} {registers}{accesses}");
            }
            else if (r.Kind != EventKind.Registers && !(r.Kind == EventKind.Translation && r.Code == EventShape.Repeated))
            {
                string name = r.Kind is EventKind.Mark or EventKind.Charge ? r.Name : $"{r.Code}";
                lines.Add($"{r.Lp} {r.World} @{r.Cycles} {r.Kind} {name} {string.Join(',', r.Operands.ToArray())}");
            }
        }
        return lines;
    }

    private static string Accesses(TraceRecord r)
    {
        StringBuilder line = new();
        foreach (MemoryAccess a in r.Accesses)
        {
            line.Append(CultureInfo.InvariantCulture, $" {(a.IsWrite ? 'w' : 'r')}{a.Bytes}:{a.Address:x}={a.Value}");
            for (int w = 1; w < (a.Bytes + 7) / 8; w++)
                line.Append(CultureInfo.InvariantCulture, $",{r.ValueWords[a.MoreValue + w - 1]}");
        }
        return line.ToString();
    }

    private static string Known(ReadOnlySpan<ulong> registers)
    {
        SortedDictionary<int, ulong> known = [];
        for (int i = 0; i < registers.Length; i++)
            known[i] = registers[i];
        return Told(known);
    }

    private static string Told(SortedDictionary<int, ulong> registers) =>
        "{" + string.Join(' ', registers.Where(r => r.Value != 0).Select(r => $"{r.Key}={r.Value:x}")) + "}";

    private static void Set(SortedDictionary<int, ulong> registers, int first, uint mask, ulong value)
    {
        int next = 0;
        ulong[] values = Values(mask, value);
        for (int i = 0; i < 32; i++)
            if ((mask >> i & 1) != 0)
                registers[first + i] = values[next++];
    }

    private static ulong[] Values(uint mask, ulong value) =>
        [.. Enumerable.Range(0, System.Numerics.BitOperations.PopCount(mask)).Select(i => value + (ulong)i * 3)];

    private static ulong[] Words(Step.Access s) =>
        [.. Enumerable.Range(0, (s.Bytes + 7) / 8).Select(i => s.Value ^ ((ulong)i << 60))];

    private static BlockDefinition Block(ulong address, TraceWorld world, string hex, int instructions) => new(
        address, address & 0xFFFFF, (ushort)(world == TraceWorld.Td ? 33 : 0), 64, 0, world, instructions,
        hex.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(b => Convert.ToByte(b, 16)).ToArray());

    private static Gen<T> Pick<T>(params T[] from) => Gen.Int[0, from.Length - 1].Select(i => from[i]);

    private static Gen<Step[]> CreateGen()
    {
        Gen<ulong> number = Gen.OneOf(Gen.ULong, Gen.ULong[0, 300]);
        Gen<ulong> address = Gen.OneOf(Gen.ULong[0, 0xFFFF], Gen.ULong[0, (1UL << 56) - 1], Gen.ULong[0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_0000]);
        Gen<Step> execute = Gen.Select(Gen.Int[0, 4], Gen.UInt[0, 40], Gen.Int[0, 2], (b, c, m) => (Step)new Step.Execute(b, c, m));
        Gen<Step> access = Gen.Select(address, Pick(1, 2, 4, 8, 16, 32, 64, 3, 10, 28, 512), Gen.Bool, number,
            (a, n, w, v) => (Step)new Step.Access(a, n, w, v));
        Gen<Step> @event = Gen.Select(
            Pick<EventKind>([.. EventShape.All.Select(s => s.Kind).Where(k => k is not (EventKind.Registers or EventKind.LpSwitch or EventKind.Translation))]),
            Gen.Int[0, 3], Gen.Int[0, 9], number.Array[0, 17],
            (k, c, t, o) => (Step)new Step.Event(k, c, t, o));
        Gen<Step> translation = Gen.Select(address, number, (a, p) =>
            (Step)new Step.Event(EventKind.Translation, 0, 0, [a & ~0xFFFUL, p, p + 4096, 5, 4096]));
        Gen<Step> lp = Gen.Int[0, 3].Select(n => (Step)new Step.SwitchLp(n));
        Gen<Step> registers = Gen.Select(Gen.UInt, number, (m, v) => (Step)new Step.Registers(m, v));
        Gen<Step> vector = Gen.Select(Gen.Int[0, 31], Gen.Byte, number, (r, m, v) => (Step)new Step.Vector(r, m, v));
        return Gen.Frequency((6, execute), (8, access), (3, @event), (1, translation), (1, lp), (2, registers), (1, vector)).Array[0, 120];
    }
}
