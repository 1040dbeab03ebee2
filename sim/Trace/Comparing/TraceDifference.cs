namespace Seamsim.Trace;

/// <summary>Where two traces part.</summary>
/// <param name="Record">Records both have before it, not counting what frames repeat.</param>
/// <param name="InstructionA">Instructions of the first trace before it.</param>
/// <param name="InstructionB">Instructions of the second trace before it.</param>
/// <param name="What">What differs, in words.</param>
public sealed record TraceDifference(ulong Record, ulong InstructionA, ulong InstructionB, string What)
{
    /// <summary>
    /// The first difference of two traces; null: they tell the same. What only one of them recorded (values, registers,
    /// physical addresses) is not compared, nor how they are cut into frames.
    /// </summary>
    /// <param name="a">The first trace.</param>
    /// <param name="b">The second trace.</param>
    /// <param name="cycles">Whether clocks count.</param>
    /// <exception cref="TraceFileException">A frame is damaged.</exception>
    public static TraceDifference? Find(TraceReader a, TraceReader b, bool cycles)
    {
        TraceAspects both = a.Header.Aspects & b.Header.Aspects;
        RecordComparer comparer = new(both, cycles);
        TraceCursor left = a.ReadFrom(), right = b.ReadFrom();
        RegisterNews leftRegisters = new(), rightRegisters = new();
        ulong instructionA = 0, instructionB = 0;
        for (ulong record = 0; ; record++)
        {
            bool hasLeft = Next(left, both, leftRegisters), hasRight = Next(right, both, rightRegisters);
            if (!hasLeft && !hasRight)
                return null;
            instructionA = hasLeft ? left.Current.Instruction : a.Instructions;
            instructionB = hasRight ? right.Current.Instruction : b.Instructions;
            string? what = hasLeft && hasRight ? comparer.Difference(left.Current, right.Current)
                : $"{(hasLeft ? "the second" : "the first")} trace ends here";
            if (what is not null)
                return new TraceDifference(record, instructionA, instructionB, what);
        }
    }

    /// <summary>Steps to the next record that is no repetition and of an aspect that both traces have.</summary>
    private static bool Next(TraceCursor cursor, TraceAspects both, RegisterNews registers)
    {
        while (cursor.Next())
        {
            TraceRecord record = cursor.Current;
            if (record.IsExecution)
                return true;
            switch (record.Kind)
            {
                case EventKind.Translation
                    when record.Code == EventShape.Repeated || !both.HasFlag(TraceAspects.Physical):
                case EventKind.Registers when !both.HasFlag(TraceAspects.Registers) || !registers.IsNews(record):
                    continue;
                default:
                    return true;
            }
        }
        return false;
    }
}
