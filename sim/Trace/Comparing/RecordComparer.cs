namespace Seamsim.Trace;

/// <summary>Says in words how two records differ.</summary>
/// <param name="aspects">What both traces recorded.</param>
/// <param name="cycles">Whether clocks count.</param>
internal sealed class RecordComparer(TraceAspects aspects, bool cycles)
{
    /// <summary>The first thing that differs; null: nothing.</summary>
    public string? Difference(TraceRecord a, TraceRecord b)
    {
        if (a.IsExecution != b.IsExecution)
            return a.IsExecution ? "an instruction here, an event there" : "an event here, an instruction there";
        if (a.Lp != b.Lp)
            return $"logical processor {a.Lp} here, {b.Lp} there";
        string? what = a.IsExecution ? Executions(a, b) : Events(a, b);
        return what ?? (cycles && a.Cycles != b.Cycles ? $"clock {a.Cycles} here, {b.Cycles} there" : null);
    }

    private string? Executions(TraceRecord a, TraceRecord b)
    {
        BlockDefinition left = a.Block!, right = b.Block!;
        if (a.World != b.World)
            return $"{EventText.WorldName(a.World)} here, {EventText.WorldName(b.World)} there";
        if (left.Address != right.Address)
            return $"address 0x{left.Address:x} here, 0x{right.Address:x} there";
        if (left.Bits != right.Bits || left.Cpl != right.Cpl || left.KeyId != right.KeyId)
            return $"{left.Bits}-bit CPL {left.Cpl} KeyID {left.KeyId} here, "
                + $"{right.Bits}-bit CPL {right.Cpl} KeyID {right.KeyId} there";
        if (!left.Code.Span.SequenceEqual(right.Code.Span))
            return "other instruction bytes";
        if (a.Retired != b.Retired || a.IsPartial != b.IsPartial)
            return $"{a.Retired} instructions retire here, {b.Retired} there";
        return aspects.HasFlag(TraceAspects.Memory) ? Accesses(a, b) : null;
    }

    private string? Accesses(TraceRecord a, TraceRecord b)
    {
        if (a.Accesses.Length != b.Accesses.Length)
            return $"{a.Accesses.Length} accesses here, {b.Accesses.Length} there";
        for (int i = 0; i < a.Accesses.Length; i++)
        {
            MemoryAccess left = a.Accesses[i], right = b.Accesses[i];
            if (left.Address != right.Address || left.Bytes != right.Bytes || left.IsWrite != right.IsWrite)
                return $"access {i}: {Told(left)} here, {Told(right)} there";
            if (aspects.HasFlag(TraceAspects.Values) && left.Value != right.Value)
                return $"access {i}: value 0x{left.Value:x} here, 0x{right.Value:x} there";
        }
        return aspects.HasFlag(TraceAspects.Values) && !a.ValueWords.SequenceEqual(b.ValueWords)
            ? "other wide values" : null;
    }

    private static string? Events(TraceRecord a, TraceRecord b)
    {
        if (a.Kind != b.Kind)
            return $"{EventText.Of(a)} here, {EventText.Of(b)} there";
        bool named = a.Kind is EventKind.Charge or EventKind.Mark;
        bool same = (named ? a.Name == b.Name : a.Code == b.Code)
            && a.RegisterMask == b.RegisterMask && a.After == b.After;
        for (int i = 0; same && i < Math.Max(a.Operands.Length, b.Operands.Length); i++)
            same = a.Operand(i) == b.Operand(i);
        return same ? null : $"{EventText.Of(a)} here, {EventText.Of(b)} there";
    }

    private static string Told(in MemoryAccess access) =>
        $"{(access.IsWrite ? 'w' : 'r')}{access.Bytes} 0x{access.Address:x}";
}
