using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Trace;

namespace Seamsim.Tracing;

// SEAMCALL, SEAMRET, VM entries and exits, the leaves between them, and the region of interest.
internal sealed unsafe partial class TraceRecorder
{
    private const ulong SeamldrBit = 1UL << 63;

    private readonly ((Isa.Paging.TranslationContext Context, ulong Cr3) Key, AddressSpaceEntry Entry)?[] lastSpaces;
    private readonly Dictionary<ulong, LeafClass> tdcalls = [];
    private bool inside, over;

    /// <inheritdoc/>
    public override void Exited(Core core, uint reason, ulong qualification, ulong linear, ulong guestPhysical)
    {
        RecordedLp lp = lps[core.Index];
        if ((ExitReason)reason == ExitReason.Seamcall && !core.InNonRoot)
            return; // the information of the SEAM transfer VMCS: said with the leaf
        lp.ExitIsTdcall = (ExitReason)(ushort)reason == ExitReason.Tdcall;
        if (lp.ExitIsTdcall)
            tdcalls[core.Vmx.Current] = core.Lp->Gpr[0] == 0 ? LeafClass.Tdvmcall : LeafClass.Tdcall;
        if (!Takes(core))
            return;
        buffer->Event(EventKind.VmExit, (ushort)reason, core.Lp->Cycles, qualification, linear, guestPhysical);
        if (lp.ExitIsTdcall)
            Leaf(core, EventKind.LeafEnter, tdcalls[core.Vmx.Current]);
    }

    /// <inheritdoc/>
    public override void Switched(Core core, Operation transition, bool resumed = false)
    {
        RecordedLp lp = lps[core.Index];
        if (transition == Operation.Seamcall)
            BeginLeaf(core, lp);
        TraceWorld before = lp.World;
        lp.World = WorldOf(core);
        lp.Space = SpaceOf(core);
        if (lp.On)
            TellTransition(core, lp, transition, before);
        bool wasOn = lp.On;
        Reconsider(core, lp);
        if (lp.On && !wasOn)
            TellBegun(core, lp, transition);
        if (!lp.On)
        {
            if (transition == Operation.VmEntry)
                tdcalls.Remove(core.Vmx.Current);
        }
        else if (transition == Operation.VmEntry)
        {
            TellEntered(core, resumed);
        }
        if (transition == Operation.Seamret)
            EndLeaf(lp);
        Registers(core);
    }

    /// <summary>What is told of a transition by the side that is left.</summary>
    private void TellTransition(Core core, RecordedLp lp, Operation transition, TraceWorld before)
    {
        Tell(core);
        if (transition == Operation.Seamcall)
            Leaf(core, EventKind.LeafEnter, ClassOf(core.Lp->Gpr[0]));
        else if (transition == Operation.Seamret)
            Leaf(core, EventKind.LeafExit, ClassOf(lp.Leaf ?? 0));
        if (lp.World != before)
            TellWorld(core, lp, lp.TransitionCycles);
        else
            buffer->Event(EventKind.Operation, (int)transition, core.Lp->Cycles, lp.TransitionCycles);
        if (lp.ToldSpace != lp.Space.Number)
            TellSpace(core, lp);
    }

    /// <summary>What is told when recording begins with a transition: the leaf, for which the caller was not recorded.</summary>
    private void TellBegun(Core core, RecordedLp lp, Operation transition)
    {
        if (transition == Operation.Seamcall)
            Leaf(core, EventKind.LeafEnter, ClassOf(core.Lp->Gpr[0]));
        else if (transition == Operation.Seamret)
            Leaf(core, EventKind.LeafExit, ClassOf(lp.Leaf ?? 0));
    }

    private void TellEntered(Core core, bool resumed)
    {
        buffer->Event(EventKind.VmEntry, resumed ? 1 : 0, core.Lp->Cycles, core.Vmx.Current);
        if (tdcalls.Remove(core.Vmx.Current, out LeafClass ended))
            Leaf(core, EventKind.LeafExit, ended);
    }

    private void TellWorld(Core core, RecordedLp lp, ulong cycles)
    {
        lp.ToldWorld = lp.World;
        buffer->Event(EventKind.WorldSwitch, (int)lp.World, core.Lp->Cycles, cycles);
    }

    private void Leaf(Core core, EventKind kind, LeafClass leaf) =>
        buffer->Event(kind, (int)leaf, core.Lp->Cycles, new ReadOnlySpan<ulong>(core.Lp->Gpr, GeneralRegisters));

    private static LeafClass ClassOf(ulong rax) =>
        (rax & SeamldrBit) != 0 ? LeafClass.SeamcallLoader : LeafClass.Seamcall;

    private void BeginLeaf(Core core, RecordedLp lp)
    {
        lp.Leaf = core.Lp->Gpr[0];
        if (!inside && options.From is TracePoint.Leaf from && IsLeaf(lp, from))
            Enter();
    }

    private void EndLeaf(RecordedLp lp)
    {
        bool last = inside && options.To is TracePoint.Leaf to && IsLeaf(lp, to);
        lp.Leaf = null;
        if (last)
            Leave();
    }

    private static bool IsLeaf(RecordedLp lp, TracePoint.Leaf leaf) =>
        lp.Leaf is { } rax && (rax & (SeamldrBit | 0xFFFF)) == leaf.Number;

    /// <inheritdoc/>
    public override bool IsWatched(ulong first, ulong last) =>
        IsIn(options.From, first, last) || IsIn(options.To, first, last);

    /// <inheritdoc/>
    public override void Reached(Core core)
    {
        RecordedLp lp = lps[core.Index];
        if (!lp.Chosen)
            return;
        if (!inside && options.From is TracePoint.Address)
            Enter();
        else if (inside && options.To is TracePoint.Address)
            Leave();
    }

    private static bool IsIn(TracePoint? point, ulong first, ulong last) =>
        point is TracePoint.Address address && address.Linear >= first && address.Linear <= last;

    /// <inheritdoc/>
    public override long UntilPause(Core core) =>
        CountedPoint is { } point ? (long)Math.Clamp(point - Retired, 1, long.MaxValue) : long.MaxValue;

    /// <summary>The number of instructions at which the recording begins or ends next; null: not by number.</summary>
    private ulong? CountedPoint =>
        !over && (inside ? options.To : options.From) is TracePoint.Count point ? point.Instructions : null;

    private ulong Retired
    {
        get
        {
            ulong retired = 0;
            foreach (Core each in cores)
                retired += each.Lp->Instructions;
            return retired;
        }
    }

    private void LookAtCount()
    {
        if (CountedPoint is not { } point || Retired < point)
            return;
        if (inside)
            Leave();
        else
            Enter();
    }

    private void Enter()
    {
        if (over)
            return;
        inside = true;
        ReconsiderAll();
    }

    private void Leave()
    {
        inside = false;
        over = true;
        ReconsiderAll();
    }

    private void ReconsiderAll()
    {
        foreach (Core core in cores)
            Reconsider(core, lps[core.Index]);
        Back();
    }
}
