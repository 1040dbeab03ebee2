namespace Seamsim.Trace;

/// <summary>Where a leaf began.</summary>
/// <param name="Rax">RAX at its entry.</param>
/// <param name="Cycles">The clock at its entry.</param>
internal readonly record struct LeafEntry(ulong Rax, ulong Cycles);

/// <summary>
/// Finds the entry of a leaf that ends. SEAMCALLs and TDCALLs are kept apart: a TDG.VP.VMCALL outlives the TDH.VP.ENTER
/// that it leaves by.
/// </summary>
internal sealed class LeafTracker
{
    private readonly Dictionary<(int Lp, bool Guest), Stack<LeafEntry>> open = [];

    /// <summary>The entry, when the record is the end of a leaf whose entry was seen.</summary>
    public LeafEntry? Saw(TraceRecord record)
    {
        if (record.IsExecution || record.Kind is not (EventKind.LeafEnter or EventKind.LeafExit))
            return null;
        (int, bool) key = (record.Lp, IsGuest((LeafClass)record.Code));
        if (!open.TryGetValue(key, out Stack<LeafEntry>? stack))
            open.Add(key, stack = new Stack<LeafEntry>());
        if (record.Kind == EventKind.LeafExit)
            return stack.TryPop(out LeafEntry entered) ? entered : null;
        stack.Push(new LeafEntry(record.Operand(0), record.Cycles));
        return null;
    }

    public static bool IsGuest(LeafClass @class) => @class is LeafClass.Tdcall or LeafClass.Tdvmcall;
}
