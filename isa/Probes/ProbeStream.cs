using System.Numerics;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Probes;

/// <summary>
/// One stream of 64-bit words (<see cref="ProbeWord"/>) for all logical processors of a machine, in the order in which
/// things happen. Handlers append through the LP struct of the running processor; everything that is not a handler
/// calls the members here. Nothing written here ever influences the simulation.
/// </summary>
/// <remarks>
/// The cursor lives in the struct of the processor that runs. Whatever happens to another one meanwhile is put between
/// two <see cref="ProbeEvent.Turn"/> words.
/// </remarks>
public sealed unsafe partial class ProbeStream
{
    /// <summary>Words that one block may append without asking: two accesses and three registers an instruction.</summary>
    private const int BlockWords = BlockBuilder.MaxInstructions * 2 * 5;

    private readonly IProbeSink sink;
    private LogicalProcessor* running;
    private ulong* start, next, limit;
    private ulong blocks;

    /// <summary>A stream into <paramref name="sink"/>.</summary>
    public ProbeStream(IProbeSink sink, ProbeAspects aspects)
    {
        this.sink = sink;
        Aspects = aspects;
        Take(null, 0);
    }

    /// <summary>What is recorded.</summary>
    public ProbeAspects Aspects { get; }

    /// <summary>Whether memory accesses are recorded.</summary>
    internal bool SeesMemory => (Aspects & ProbeAspects.Memory) != 0;

    /// <summary>Whether registers are recorded.</summary>
    internal bool SeesRegisters => (Aspects & ProbeAspects.Registers) != 0;

    private bool SeesValues => (Aspects & ProbeAspects.Values) == ProbeAspects.Values;

    /// <summary>Starts to observe a processor; between two runs.</summary>
    public void Attach(Core core)
    {
        core.Observe(this);
        Clock(core);
        Mode(core, force: true);
        Registers(core, always: true);
    }

    /// <summary>Hands over what has been written so far; the end of every observed processor's clock goes with it.</summary>
    public void Finish(IEnumerable<Core> cores)
    {
        foreach (Core core in cores)
        {
            Clock(core);
            core.Observe(null);
        }
        Park();
        Take(start, (int)(next - start));
    }

    /// <summary>The running processor's block has no room left.</summary>
    internal void Renew()
    {
        LogicalProcessor* lp = running;
        Park();
        Take(start, (int)(next - start));
        Select(lp);
    }

    /// <summary>A processor begins to run.</summary>
    internal void Run(Core core)
    {
        if (running != core.Lp)
            Switch(core.Lp, core.Index);
        Registers(core, always: false);
    }

    private void Switch(LogicalProcessor* lp, int index)
    {
        Park();
        Select(lp);
        *lp->ProbeNext++ = ProbeWord.Of(ProbeEvent.Turn, 0, (ulong)index);
    }

    /// <summary>Appends one event; the caller fills the words behind it.</summary>
    private ulong* Begin(Core core, ProbeEvent kind, int words, ulong small = 0)
    {
        LogicalProcessor* lp = core.Lp;
        if (running == null)
            Switch(lp, core.Index);
        bool foreign = running != lp;
        if (running->ProbeNext + words + 3 >= running->ProbeLimit)
            Renew();
        ulong* at = running->ProbeNext;
        if (foreign)
            *at++ = ProbeWord.Of(ProbeEvent.Turn, 0, (ulong)core.Index);
        *at++ = ProbeWord.Of(kind, words, small);
        ulong* payload = at;
        at += words;
        if (foreign)
            *at++ = ProbeWord.Of(ProbeEvent.Turn, 0, (ulong)Core.Of(running).Index);
        running->ProbeNext = at;
        return payload;
    }

    private void Select(LogicalProcessor* lp)
    {
        if (lp == null)
            return;
        running = lp;
        lp->ProbeNext = next;
        lp->ProbeLimit = limit;
    }

    private void Park()
    {
        if (running == null)
            return;
        next = running->ProbeNext;
        running->ProbeNext = running->ProbeLimit = null;
        running = null;
    }

    private void Take(ulong* full, int words)
    {
        start = next = sink.Exchange(full, words, out int capacity);
        limit = start + capacity - BlockWords - 32;
    }
}
