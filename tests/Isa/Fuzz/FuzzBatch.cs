using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>
/// Two thousand cases on two fresh machines that must come to the same state after each and to the same memory in the end.
/// In one case of four one executes blocks and the other single instructions, else both execute blocks. Everything follows from the seed and the number of the batch.
/// </summary>
internal sealed unsafe class FuzzBatch(CpuModel model, byte[] image, ulong seed, long number)
{
    private const int CasesOfBatch = 2048, LongestCase = 5, OneIn = 4, LongSteps = 48;

    /// <summary>Instructions of a case.</summary>
    public const int Steps = 16;

    private readonly OperandRandom random = new(seed * 0x1_0000_0001 + (ulong)number * 0xD1342543DE82EF95);
    private int current;
    private readonly byte[] running = new byte[FuzzCode.MaxBytes];
    private FuzzMode mode;
    private ulong codeAt;
    private int codeBytes;

    /// <summary>When it began, by <see cref="Environment.TickCount64"/>.</summary>
    public long Started { get; } = Environment.TickCount64;

    public FuzzMix Mix { get; } = new();

    /// <summary>Number of the case that failed.</summary>
    public int Current => current;

    /// <summary>In this case only <see cref="Limit"/> instructions are executed, and <see cref="Trace"/> tells them.</summary>
    public int Narrowed { get; init; } = -1;

    public int Limit { get; init; } = Steps;

    /// <summary>Where the instructions of the narrowed case were.</summary>
    public List<string> Trace { get; } = [];

    /// <summary>Null when all is well; else what went wrong and where.</summary>
    public string? Run()
    {
        try
        {
            return Execute() is { } wrong ? $"{Where}: {wrong}" : null;
        }
#pragma warning disable CA1031 // any exception is a bug of the simulator: that is what is looked for
        catch (Exception bug)
        {
            return $"{Where}: {bug}";
        }
#pragma warning restore CA1031
    }

    /// <summary>The case under way.</summary>
    public string Where => $"seed {seed}, batch {number}, case {current}, {mode}, "
        + $"{Convert.ToHexString(running, 0, codeBytes)} at {codeAt:X}";

    private string? Execute()
    {
        using FuzzMachine blocks = new(model, image), steps = new(model, image);
        FuzzCode code = new(random);
        FuzzState state = new(random);
        for (current = 0; current < CasesOfBatch; current++)
            if (RunCase(blocks, steps, code, state) is { } wrong)
                return wrong;
        int same = blocks.Memory().CommonPrefixLength(steps.Memory());
        return same == FuzzLayout.MemoryBytes ? null : $"memory differs at {same:X}";
    }

    private string? RunCase(FuzzMachine blocks, FuzzMachine steps, FuzzCode code, FuzzState state)
    {
        state.Choose();
        ReadOnlySpan<byte> bytes = code.Make(state.Bits, state.CodeAt, random.Next(1, LongestCase));
        (mode, codeAt, codeBytes) = (state.Mode, state.CodeAt, bytes.Length);
        bytes.CopyTo(running);
        blocks.WriteCode(state.CodeAt, bytes);
        steps.WriteCode(state.CodeAt, bytes);
        OperandRandom before = random.Clone();
        state.Apply(steps.Core);
        random.Become(before);
        state.Apply(blocks.Core);
        Mix.Cases++;
        if (random.Next(OneIn) == 0 || current == Narrowed)
            blocks.Core.Run(Step(steps, code, state), ulong.MaxValue);
        else
            RunBlocks(blocks, steps, state);
        return FuzzDifference.Of(blocks.Core, steps.Core) is { } wrong
            ? $"blocks and steps: {wrong}" : null;
    }

    private void RunBlocks(FuzzMachine one, FuzzMachine other, FuzzState state)
    {
        ulong before = one.Core.Lp->Instructions;
        RunEnd end = one.Core.Run(LongSteps, ulong.MaxValue);
        other.Core.Run(LongSteps, ulong.MaxValue);
        // the HLT of a handler stands for the instruction that did not retire
        Mix.CountBlocks(state.Mode, (long)(one.Core.Lp->Instructions - before) + (end == RunEnd.Shutdown ? 1 : 0));
    }

    /// <summary>Executes instruction by instruction; returns how many were asked for.</summary>
    private int Step(FuzzMachine machine, FuzzCode code, FuzzState state)
    {
        int steps = current == Narrowed ? Limit : Steps;
        for (int step = 1; step <= steps; step++)
        {
            if (current == Narrowed)
                Trace.Add(FuzzTrace.Line(machine.Core));
            ulong at = machine.Core.Lp->Rip;
            int offset = (int)(at - state.Rip), which = offset is < 0 or > FuzzCode.MaxBytes ? -1 : Find(code, offset);
            RunEnd end = machine.Core.Run(1, ulong.MaxValue);
            int vector = VectorOf(machine);
            bool retired = vector < 0 && end != RunEnd.Shutdown;
            if (which >= 0)
                Mix.Count(state.Mode, code.Starts[which].IsForm, retired);
            else if (end != RunEnd.Halted)
                Mix.CountElsewhere(state.Mode);
            if (vector >= 0)
                Mix.CountException(vector);
            if (end == RunEnd.Shutdown)
                Mix.Shutdowns++;
            if (end != RunEnd.Budget)
                return step;
        }
        return steps;
    }

    private static int Find(FuzzCode code, int offset) => code.Starts.FindIndex(start => start.Offset == offset);

    /// <summary>The vector whose handler was entered; −1 for none.</summary>
    private static int VectorOf(FuzzMachine machine)
    {
        ulong rip = machine.Core.Lp->Rip + (machine.Core.LongMode64 ? 0 : machine.Core.Lp->Cs.Base);
        return rip > FuzzLayout.Handlers && rip < FuzzLayout.Handlers + 0x1000 ? (int)(rip - FuzzLayout.Handlers) / 16 : -1;
    }
}
