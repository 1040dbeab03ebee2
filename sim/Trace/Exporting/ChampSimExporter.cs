using System.Buffers.Binary;
using Iced.Intel;

namespace Seamsim.Trace;

/// <summary>
/// ChampSim's <c>input_instr</c>: 64 bytes an instruction, uncompressed. Registers have Pin's numbers, which ChampSim
/// knows three of: stack pointer, flags and instruction pointer, from whose use it tells the kinds of branches.
/// </summary>
internal sealed class ChampSimExporter(Stream to) : ITraceExporter
{
    private const int RecordBytes = 64, IsBranchAt = 8, TakenAt = 9, TargetsAt = 10, SourcesAt = 12,
        WritesAt = 16, ReadsAt = 32;
    private const int MaxTargets = 2, MaxSources = 4, MaxWrites = 2, MaxReads = 4;
    private const byte Flags = 25, InstructionPointer = 26, StackPointer = 6, FirstVector = 64, FirstOther = 128;

    private readonly BufferedStream file = new(to, 1 << 16);
    private readonly InstructionWalk walk = new();
    private readonly InstructionInfoFactory information = new();
    private readonly byte[] held = new byte[RecordBytes];
    private bool holds;
    private ulong heldNext;

    public void Take(TraceRecord record, ulong space)
    {
        if (!record.IsExecution)
            return;
        walk.Begin(record);
        for (int i = 0; i < walk.Count; i++)
        {
            Release(walk[i].IP);
            Hold(walk[i], walk.AccessesOf(i));
        }
    }

    public void Dispose()
    {
        Release(heldNext);
        file.Flush();
    }

    /// <summary>Whether a branch was taken shows when the next instruction is known.</summary>
    private void Release(ulong next)
    {
        if (holds)
        {
            held[TakenAt] = (byte)(held[IsBranchAt] != 0 && next != heldNext ? 1 : 0);
            file.Write(held);
        }
        holds = false;
    }

    private void Hold(in Instruction instruction, ReadOnlySpan<MemoryAccess> accesses)
    {
        Array.Clear(held);
        holds = true;
        heldNext = instruction.NextIP;
        BinaryPrimitives.WriteUInt64LittleEndian(held, instruction.IP);
        bool branch = instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch
            or FlowControl.IndirectBranch or FlowControl.Call or FlowControl.IndirectCall or FlowControl.Return;
        held[IsBranchAt] = (byte)(branch ? 1 : 0);
        Registers(instruction, branch);
        int reads = 0, writes = 0;
        foreach (MemoryAccess access in accesses)
        {
            if (access.IsWrite && writes < MaxWrites)
                BinaryPrimitives.WriteUInt64LittleEndian(held.AsSpan(WritesAt + writes++ * 8), access.Address);
            else if (!access.IsWrite && reads < MaxReads)
                BinaryPrimitives.WriteUInt64LittleEndian(held.AsSpan(ReadsAt + reads++ * 8), access.Address);
        }
    }

    private void Registers(in Instruction instruction, bool branch)
    {
        SortedSet<byte> sources = [], targets = [];
        foreach (UsedRegister used in information.GetInfo(instruction).GetUsedRegisters())
        {
            byte number = Number(used.Register);
            if (number == 0)
                continue;
            if (used.Access is not (OpAccess.Write or OpAccess.CondWrite))
                sources.Add(number);
            if (used.Access is not (OpAccess.Read or OpAccess.CondRead))
                targets.Add(number);
        }
        if (instruction.RflagsRead != RflagsBits.None)
            sources.Add(Flags);
        if (branch)
        {
            targets.Add(InstructionPointer);
            if (instruction.FlowControl is not (FlowControl.Return or FlowControl.IndirectBranch))
                sources.Add(InstructionPointer);
        }
        else if (instruction.RflagsModified != RflagsBits.None)
        {
            targets.Add(Flags);
        }
        Put(TargetsAt, targets, MaxTargets);
        Put(SourcesAt, sources, MaxSources);
    }

    /// <summary>Those that ChampSim tells branches by come first, so that none of them is cut off.</summary>
    private void Put(int at, SortedSet<byte> numbers, int most)
    {
        IEnumerable<byte> ordered = numbers.OrderBy(n => n is Flags or InstructionPointer or StackPointer ? 0 : 1);
        foreach (byte number in ordered.Take(most))
            held[at++] = number;
    }

    private static byte Number(Register register)
    {
        Register full = register.GetFullRegister();
        return full switch
        {
            Register.RDI => 3,
            Register.RSI => 4,
            Register.RBP => 5,
            Register.RSP => StackPointer,
            Register.RBX => 7,
            Register.RDX => 8,
            Register.RCX => 9,
            Register.RAX => 10,
            >= Register.R8 and <= Register.R15 => (byte)(11 + (full - Register.R8)),
            Register.RIP or Register.EIP => InstructionPointer,
            >= Register.ZMM0 and <= Register.ZMM31 => (byte)(FirstVector + (full - Register.ZMM0)),
            Register.None => 0,
            _ when full.IsSegmentRegister() => 0,
            _ => (byte)(FirstOther + (int)full % (256 - FirstOther)),
        };
    }
}
