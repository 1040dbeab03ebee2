using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seamsim.Trace;

/// <summary>
/// Where a recorder puts what it sees: 64-bit words in a chunk that somebody else encodes and compresses. The struct
/// lives outside the managed heap, so that it can be reached from handlers by pointer; every append is a comparison and
/// a store. <see cref="RawWord"/> says what the words mean.
/// </summary>
/// <remarks>Invariant: Next &lt;= Limit, both inside the pinned chunk that the writer holds.</remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TraceBuffer
{
    private ulong* next, limit;
    private nint owner;

    internal void Attach(nint writer) => owner = writer;

    internal void Refill(ulong* first, ulong* end)
    {
        next = first;
        limit = end;
    }

    internal readonly ulong* Next => next;

    /// <summary>The block begins to execute on the current logical processor.</summary>
    /// <param name="block">What <see cref="TraceWriter.DefineBlock"/> returned.</param>
    /// <param name="cycles">
    /// The processor's clock at its first instruction, before the block's own cost is added. It never runs backwards
    /// and moves by less than 2^38 between two records; <see cref="EventKind.Clock"/> carries longer pauses.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Execute(int block, ulong cycles) => *Reserve(1) = RawWord.Execute(block, cycles);

    /// <summary>Of the execution that runs, only this many instructions retire (fault, interrupt inside a REP).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Retire(int instructions) => *Reserve(1) = RawWord.Retire(instructions);

    /// <summary>Of the execution that runs, the last instructions do not retire: <see cref="Retire"/> from the other end.</summary>
    public void Unretired(int instructions) => *Reserve(1) = RawWord.Unretired(instructions);

    /// <summary>The execution whose word the recorder has made itself (<see cref="Isa.Probes.ProbeWord"/>) begins.</summary>
    public void Begin(ulong word) => *Reserve(1) = word;

    /// <summary>The execution that runs accesses data.</summary>
    /// <param name="address">Linear address; bits 63:58 are equal, as in every canonical address.</param>
    /// <param name="bytes">1..65535.</param>
    /// <param name="write">Direction.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Access(ulong address, int bytes, bool write)
    {
        if (RawWord.HasSizeCode(bytes))
            *Reserve(1) = RawWord.Access(address, bytes, write);
        else
            AccessOfOddSize(address, bytes, write);
    }

    /// <summary>The value of the access just recorded: up to eight bytes. Only with <see cref="TraceAspects.Values"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Value(ulong value) => *Reserve(1) = value;

    /// <summary>An access of up to eight bytes and its value. Only with <see cref="TraceAspects.Values"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Access(ulong address, int bytes, bool write, ulong value)
    {
        if (RawWord.HasSizeCode(bytes))
        {
            ulong* at = Reserve(2);
            at[0] = RawWord.Access(address, bytes, write);
            at[1] = value;
            return;
        }
        Access(address, bytes, write, new ReadOnlySpan<ulong>(&value, 1));
    }

    /// <summary>An access with its value, eight bytes a word. Only with <see cref="TraceAspects.Values"/>.</summary>
    public void Access(ulong address, int bytes, bool write, ReadOnlySpan<ulong> value)
    {
        int words = RawWord.ValueWords(bytes);
        int head = RawWord.HasSizeCode(bytes) ? 1 : 2;
        ulong* at = Reserve(head + words);
        RawWord.PutAccess(at, address, bytes, write);
        for (int i = 0; i < words; i++)
            at[head + i] = i < value.Length ? value[i] : 0;
    }

    /// <summary>
    /// Registers of the current logical processor have new values: those of the state after everything recorded so far.
    /// </summary>
    /// <param name="mask">Bit n: register n of <see cref="RegisterId"/> (below 32) changed.</param>
    /// <param name="values">The new values, lowest register first.</param>
    public void Registers(uint mask, ReadOnlySpan<ulong> values)
    {
        ulong* at = Reserve(1 + values.Length);
        *at = RawWord.Event(EventKind.Registers, values.Length, code: 0, mask);
        values.CopyTo(new Span<ulong>(at + 1, values.Length));
    }

    /// <summary>Words of vector register <paramref name="register"/> have new values.</summary>
    /// <param name="register">0..31.</param>
    /// <param name="mask">Bit w: 64-bit word w (0..7) changed.</param>
    /// <param name="values">The new values, lowest word first.</param>
    public void VectorRegister(int register, byte mask, ReadOnlySpan<ulong> values)
    {
        ulong* at = Reserve(1 + values.Length);
        *at = RawWord.Event(EventKind.Registers, values.Length, code: 1 + register, mask);
        values.CopyTo(new Span<ulong>(at + 1, values.Length));
    }

    /// <summary>Something happened on the current logical processor.</summary>
    /// <param name="kind">What; not <see cref="EventKind.Registers"/>.</param>
    /// <param name="code">As <see cref="EventShape"/> says.</param>
    /// <param name="cycles">The processor's clock.</param>
    /// <param name="operands">As <see cref="EventShape"/> says; trailing zeros may be left out; at most 254.</param>
    public void Event(EventKind kind, int code, ulong cycles, params ReadOnlySpan<ulong> operands)
    {
        ulong* at = Reserve(2 + operands.Length);
        at[0] = RawWord.Event(kind, 1 + operands.Length, code, 0);
        at[1] = cycles;
        operands.CopyTo(new Span<ulong>(at + 2, operands.Length));
    }

    /// <summary>What follows belongs to another logical processor.</summary>
    public void SwitchLp(int lp, ulong cycles) => Event(EventKind.LpSwitch, lp, cycles);

    /// <summary>Hands over what is here; there is room for a block afterwards.</summary>
    internal readonly void Renew() => TraceWriter.TurnOver(owner);

    /// <summary>Makes sure that so many words can be appended behind the cursor.</summary>
    internal readonly void MakeRoom(int words)
    {
        if (limit - next < words)
            TraceWriter.TurnOver(owner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong* Reserve(int words)
    {
        if (limit - next < words)
            TraceWriter.TurnOver(owner);
        ulong* at = next;
        next = at + words;
        return at;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AccessOfOddSize(ulong address, int bytes, bool write) =>
        RawWord.PutAccess(Reserve(2), address, bytes, write);
}
