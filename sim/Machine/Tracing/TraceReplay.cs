using Seamsim.Isa.Ports;
using Seamsim.Timing;
using Seamsim.Trace;

namespace Seamsim.Tracing;

/// <summary>
/// A recorded stream through a cost model, without the functional engine: blocks and operations cost what the model
/// says, modelled host work, idle time and the stalls of instructions what they cost when recorded. Booked as
/// <see cref="CycleAccount"/> books a live run.
/// </summary>
public static class TraceReplay
{
    /// <summary>Replays every whole frame of a trace.</summary>
    /// <exception cref="TraceFileException">A frame is damaged.</exception>
    public static ReplayReport Run(TraceReader reader, ICostModel costs)
    {
        ReplayReport report = RunWhole(reader, costs, out TraceFileException? damage);
        return damage is null ? report : throw damage;
    }

    /// <summary>Replays every whole frame before the first that is damaged.</summary>
    public static ReplayReport RunWhole(TraceReader reader, ICostModel costs, out TraceFileException? damage)
    {
        damage = null;
        string recorded = reader.Header.TimingModel;
        ReplayReport report = new()
        {
            Model = costs.Name,
            IsRecordedModel = costs.Name == recorded,
            HasStalls = costs is Interval || recorded.StartsWith(Interval.ShortName, StringComparison.Ordinal),
        };
        Sink sink = new(report, costs);
        try
        {
            new FlowDecoder<Sink>(reader, sink).Run();
        }
        catch (TraceFileException wrong)
        {
            damage = wrong;
        }
        sink.Settle();
        return report;
    }

    /// <summary>Cycles and instructions of the world a processor is in, before they are booked.</summary>
    private sealed class Pending
    {
        public ulong Cycles, Instructions;
        public int Lp = -1;
        public ReplayLp? Account;
    }

    private readonly struct Sink(ReplayReport report, ICostModel costs) : IFlowSink
    {
        private readonly Pending pending = new();

        public void Defined(FlowBlock block)
        {
            BlockDefinition d = block.Definition;
            block.Cost = d.Paid ? 0 : Units(d);
        }

        public void Executed(int lp, FlowBlock block, int retired)
        {
            if (pending.Lp != lp)
                Turn(lp);
            ulong units = pending.Account!.Units, sum = units + block.Cost;
            pending.Account.Units = sum;
            pending.Cycles += (sum / Interval.Units) - (units / Interval.Units);
            pending.Instructions += (ulong)retired;
        }

        public void Happened(int lp, EventKind kind, int code, string name, ReadOnlySpan<ulong> operands)
        {
            if (pending.Lp != lp)
                Turn(lp);
            ulong cycles = operands.IsEmpty ? 0 : operands[0];
            switch (kind)
            {
                case EventKind.Operation:
                    ulong count = operands.Length > 2 ? operands[2] : 1;
                    bool managed = pending.Account!.World == World.Seam;
                    Operation operation = (Operation)code;
                    pending.Cycles +=
                        (managed ? costs.ManagedCycles(operation) : costs.OperationCycles(operation)) * count;
                    break;
                case EventKind.WorldSwitch:
                    Switch((TraceWorld)code, cycles != 0);
                    break;
                case EventKind.Charge:
                    pending.Account!.Book(World.HostModelled, cycles);
                    break;
                case EventKind.Clock when (ClockCause)code == ClockCause.Other:
                    report.Unrecorded += cycles;
                    break;
                case EventKind.Clock when (ClockCause)code == ClockCause.Stall:
                    pending.Cycles += cycles;
                    report.Stalls += cycles;
                    break;
                case EventKind.Clock:
                    pending.Account!.Book((ClockCause)code == ClockCause.Sync ? World.Sync : World.Idle, cycles);
                    break;
                case EventKind.TimeRead:
                    report.ReadsTime = true;
                    break;
            }
        }

        private uint Units(BlockDefinition d) => costs is Interval interval
            ? (uint)interval.BlockUnits(d.Code.Span, d.Address, d.Bits, d.Instructions)
            : costs.BlockCycles(d.Code.Span, d.Address, d.Bits, d.Instructions) * Interval.Units;

        /// <summary>Books what is pending.</summary>
        public void Settle()
        {
            pending.Account?.Book(pending.Account.World, pending.Cycles, pending.Instructions);
            pending.Cycles = pending.Instructions = 0;
        }

        private void Turn(int lp)
        {
            Settle();
            pending.Lp = lp;
            pending.Account = report.Lp(lp);
        }

        /// <summary>A world that is only stated, where recording begins, was not reached by a transition.</summary>
        private void Switch(TraceWorld to, bool isTransition)
        {
            Settle();
            World world = to switch
            {
                TraceWorld.Host => World.Host,
                TraceWorld.Seam => World.Seam,
                _ => World.Td,
            };
            ReplayLp account = pending.Account!;
            if (isTransition)
                account.Book(World.Transition, costs.OperationCycles(Transition(account.World, world)));
            account.World = world;
        }

        private static Operation Transition(World from, World to) => (from, to) switch
        {
            (World.Host, _) => Operation.Seamcall,
            (World.Td, _) => Operation.VmExit,
            (_, World.Td) => Operation.VmEntry,
            _ => Operation.Seamret,
        };
    }
}
