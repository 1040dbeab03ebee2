using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// A task switch. SDM vol. 3A, 7.3: up to the point where the new task's state is in force a fault belongs to the old
/// task and leaves no mark; from there on it belongs to the new one.
/// </summary>
/// <param name="core">The processor.</param>
/// <param name="source">CALL, IRET, JMP or a task gate of the IDT.</param>
/// <param name="selector">Selector of the new TSS.</param>
/// <param name="ext">EXT bit of the error codes.</param>
internal readonly unsafe ref struct TaskSwitch(Core core, TaskSwitchSource source, ushort selector, uint ext)
{
    private const int Busy = 2, WideType = 8, TssAvailable = 1;

    /// <summary>EIP and EFLAGS that the old TSS keeps.</summary>
    public ulong ReturnRip { get; init; }

    public ulong SavedFlags { get; init; }

    public int InstructionLength { get; init; }

    /// <summary>Switches; an exception's error code is pushed on the new task's stack.</summary>
    public Outcome Run(uint? errorCode = null)
    {
        if (!TryFindTss(out Descriptor tss))
            return Outcome.Fault;
        if (core.InterceptsTaskSwitch(selector, (int)source, InstructionLength, out Outcome exit))
            return exit;
        bool wide = (tss.Type & WideType) != 0;
        Span<byte> image = stackalloc byte[TaskState.Bytes32];
        var state = new TaskState(image, wide);
        if (!core.TryReadSystem(new Gva(tss.Base), image[..(wide ? TaskState.Bytes32 : TaskState.Bytes16)]))
            return Outcome.Fault;
        if (!TryLeave(tss))
            return Outcome.Fault;

        Enter(tss, state);
        var load = new TaskLoad(core, state, ext);
        if (!load.TryRun())
            return Outcome.Fault;
        if (errorCode is { } error && !core.TryPush(error, wide ? 4 : 2))
            return core.Raise(Vector.SS, ext);
        return core.Lp->Rip > core.Lp->Cs.Limit ? core.Raise(Vector.GP, ext) : Outcome.Jumped;
    }

    private Vector SelectorFault => source == TaskSwitchSource.Iret ? Vector.TS : Vector.GP;

    private bool Nests => source is TaskSwitchSource.Call or TaskSwitchSource.Gate;

    private uint Error => (uint)(selector & ~3) | ext;

    /// <summary>SDM vol. 3A, table 7-1, the checks of the TSS itself.</summary>
    private bool TryFindTss(out Descriptor tss)
    {
        tss = default;
        if ((selector & 4) != 0)
        {
            core.Raise(SelectorFault, Error);
            return false;
        }
        if (!core.TryReadDescriptor(selector, out tss, SelectorFault, ext))
            return false;
        bool busy = (tss.Type & Busy) != 0, isTss = !tss.IsCodeOrData && (tss.Type & 5) == TssAvailable;
        bool wide = (tss.Type & WideType) != 0;
        if (!isTss || busy != (source == TaskSwitchSource.Iret))
            core.Raise(SelectorFault, Error);
        else if (!tss.Present)
            core.Raise(Vector.NP, Error);
        else if (tss.Limit < (wide ? TaskState.LeastLimit32 : TaskState.LeastLimit16))
            core.Raise(Vector.TS, Error);
        else
            return true;
        return false;
    }

    /// <summary>Saves the old task and changes the busy flags; every write is translated before the first is made.</summary>
    private bool TryLeave(in Descriptor tss)
    {
        LogicalProcessor* lp = core.Lp;
        bool wide = (lp->Tr.AccessRights & WideType) != 0;
        if (lp->Tr.Limit < (wide ? TaskState.LeastLimit32 : TaskState.LeastLimit16))
        {
            core.Raise(Vector.TS, (uint)(lp->Tr.Selector & ~3) | ext);
            return false;
        }
        int first = wide ? TaskState.Dynamic32 : TaskState.Dynamic16;
        int count = (wide ? TaskState.DynamicEnd32 : TaskState.DynamicEnd16) - first;
        Span<byte> old = stackalloc byte[TaskState.Bytes32];
        if (!core.TryReadSystem(new Gva(lp->Tr.Base), old[..(wide ? TaskState.Bytes32 : TaskState.Bytes16)])
            || !TryPrepare(lp->Tr.Base + (ulong)first, count, out PreparedWrite save)
            || !TryPrepare(lp->GdtrBase + (lp->Tr.Selector & 0xFFF8u) + 5, 1, out PreparedWrite oldAccess)
            || !TryPrepare(lp->GdtrBase + (selector & 0xFFF8u) + 5, 1, out PreparedWrite newAccess)
            || !TryPrepare(tss.Base, 2, out PreparedWrite link)
            || !TryReadOldDescriptor(out Descriptor leaving))
            return false;

        Save(new TaskState(old, wide));
        core.Commit(save, old.Slice(first, count));
        if (!Nests)
            core.Commit(oldAccess, [(byte)(Access(leaving) & ~Busy)]);
        if (Nests)
            core.Commit(link, [(byte)lp->Tr.Selector, (byte)(lp->Tr.Selector >> 8)]);
        if (source != TaskSwitchSource.Iret)
            core.Commit(newAccess, [(byte)(Access(tss) | Busy)]);
        return true;
    }

    private bool TryPrepare(ulong at, int bytes, out PreparedWrite write) =>
        core.TryPrepareWrite(new Gva((uint)at), bytes, 0, implicitly: true, out write);

    private bool TryReadOldDescriptor(out Descriptor descriptor) =>
        core.TryReadDescriptor(core.Lp->Tr.Selector, out descriptor, Vector.TS, ext);

    private static int Access(in Descriptor descriptor) => (int)(descriptor.Low >> 40) & 0xFF;

    private void Save(in TaskState old)
    {
        LogicalProcessor* lp = core.Lp;
        old.Eip = (uint)ReturnRip;
        old.Flags = (uint)(source == TaskSwitchSource.Iret ? SavedFlags & ~RflagsBit.Nt : SavedFlags);
        for (int register = 0; register < 8; register++)
            old.SetGpr(register, (uint)lp->Gpr[register]);
        for (int segment = 0; segment < 6; segment++)
            old.SetSelector(segment, (&lp->Es)[segment].Selector);
    }

    /// <summary>Registers, TR, CR3 and flags of the new task; its segments are not loaded yet.</summary>
    private void Enter(in Descriptor tss, in TaskState state)
    {
        LogicalProcessor* lp = core.Lp;
        bool wide = (tss.Type & WideType) != 0;
        lp->Tr = tss.ToSegment(selector);
        lp->Tr.AccessRights |= Busy;
        lp->Cr0 |= Cr0Bit.Ts;
        lp->Dr7 &= ~DebugBit.LocalEnables;
        for (int register = 0; register < 8; register++)
            lp->Gpr[register] = state.Gpr(register);
        lp->Rip = state.Eip;
        ulong flags = state.Flags & RflagsBit.Defined & (wide ? ulong.MaxValue : 0xFFFF);
        core.Rflags = flags | (Nests ? RflagsBit.Nt : 0);
        core.KeepResumeFlag();
        if (wide && (lp->Cr0 & Cr0Bit.Pg) != 0)
            core.LoadTaskCr3(state.Cr3);
        if (state.Trap)
            lp->PendingDebug |= DebugBit.TaskSwitch;
    }
}
