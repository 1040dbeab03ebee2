using System.Globalization;
using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.State;
using Seamsim.Timing;
using Seamsim.Trace;

namespace Seamsim.Tests.Trace;

/// <summary>
/// The integer kernel of the benchmarks, executed instruction by instruction: what it fetched, accessed and changed, as
/// Iced says it would, from real register values.
/// </summary>
internal sealed unsafe class KernelStream
{
    public const ulong Code = 0x100000;

    private const ulong Pml4 = 0x1000, Pdpt = 0x2000, Pd = 0x3000, Stack = 0x80000, Exit = 0x60000;

    /// <summary>One instruction.</summary>
    public readonly record struct Retired(ulong Rip, int First, int Accesses, int FirstRegister, uint RegisterMask);

    public List<Retired> Instructions { get; } = [];

    public List<(ulong Address, int Bytes, bool IsWrite, ulong Value)> Accesses { get; } = [];

    public List<ulong> Registers { get; } = [];

    public Dictionary<ulong, Instruction> Decoded { get; } = [];

    public byte[] Program { get; }

    public KernelStream(int most)
    {
        Program = ReadListing();
        using PhysicalMemory memory = new(new KeyIdLayout(46, 0, 0, 0), [(0, 64UL << 20)]);
        using Core core = new(0, 0, memory, new Functional());
        memory.Write(new Hpa(Pml4), Pdpt | 3, false);
        memory.Write(new Hpa(Pdpt), Pd | 3, false);
        for (ulong page = 0; page < 32; page++)
            memory.Write(new Hpa(Pd + page * 8), page << 21 | 0x83, false);
        memory.Write(new Hpa(Code), Program, false);
        memory.Write(new Hpa(Exit), [0xF4], false);
        memory.Write(new Hpa(Stack), Exit, false);
        LogicalProcessor* lp = core.Lp;
        (lp->Cr0, lp->Cr3, lp->Cr4, lp->Efer) = (0x80010033, Pml4, 0x20, 0xD00);
        lp->Cs = new Segment { Selector = 8, Limit = uint.MaxValue, AccessRights = 0xA09B };
        lp->Ss = lp->Ds = lp->Es = new Segment { Selector = 16, Limit = uint.MaxValue, AccessRights = 0xC093 };
        core.Rflags = 2;
        lp->Activity = ActivityState.Active;
        (lp->Rip, lp->Gpr[4], lp->Gpr[7]) = (Code, Stack, 1);
        core.ModeChanged();
        Run(core, memory, most);
    }

    private void Run(Core core, PhysicalMemory memory, int most)
    {
        LogicalProcessor* lp = core.Lp;
        InstructionInfoFactory information = new();
        ulong[] before = new ulong[17];
        while (Instructions.Count < most && lp->Rip != Exit)
        {
            ulong rip = lp->Rip;
            Instruction instruction = Decode(rip);
            int first = Accesses.Count, firstRegister = Registers.Count;
            foreach (UsedMemory used in information.GetInfo(instruction).GetUsedMemory())
            {
                ulong address = used.GetVirtualAddress(0, (register, _, _) => Value(lp, register));
                int bytes = used.MemorySize.GetSize();
                if (used.Access is OpAccess.Read or OpAccess.ReadWrite or OpAccess.CondRead)
                    Accesses.Add((address, bytes, false, Load(memory, address, bytes)));
                if (used.Access is OpAccess.Write or OpAccess.ReadWrite)
                    Accesses.Add((address, bytes, true, 0));
            }
            for (int i = 0; i < 16; i++)
                before[i] = lp->Gpr[i];
            before[16] = core.Rflags;
            core.Run(1, ulong.MaxValue);
            uint mask = 0;
            for (int i = 0; i <= 16; i++)
            {
                ulong now = i < 16 ? lp->Gpr[i] : core.Rflags;
                if (now == before[i])
                    continue;
                mask |= 1U << i;
                Registers.Add(now);
            }
            for (int i = first; i < Accesses.Count; i++)
                if (Accesses[i] is { IsWrite: true } written)
                    Accesses[i] = written with { Value = Load(memory, written.Address, written.Bytes) };
            Instructions.Add(new Retired(rip, first, Accesses.Count - first, firstRegister, mask));
        }
    }

    private Instruction Decode(ulong rip)
    {
        if (Decoded.TryGetValue(rip, out Instruction known))
            return known;
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(Program, (int)(rip - Code), Program.Length - (int)(rip - Code)), rip);
        return Decoded[rip] = decoder.Decode();
    }

    private static ulong Value(LogicalProcessor* lp, Register register) =>
        register.IsGPR64() ? lp->Gpr[register - Register.RAX]
        : register.IsGPR32() ? (uint)lp->Gpr[register - Register.EAX] : 0;

    private static ulong Load(PhysicalMemory memory, ulong address, int bytes)
    {
        byte[] value = new byte[8];
        memory.Read(new Hpa(address), value.AsSpan(0, bytes), false);
        return BitConverter.ToUInt64(value);
    }

    private static byte[] ReadListing()
    {
        using Stream stream = typeof(KernelStream).Assembly.GetManifestResourceStream("integer-kernel.lst")!;
        using StreamReader reader = new(stream);
        return
        [
            .. reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith('#'))
                .SelectMany(line => line.Split(';')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(hex => byte.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
        ];
    }
}
