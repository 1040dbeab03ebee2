using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.TextTraces;

/// <summary>Where a section's exceptions arrive, and how it is left.</summary>
/// <param name="HandlerOf">Address of the handler of a vector.</param>
/// <param name="Handlers">Number of vectors.</param>
/// <param name="VeTold">Where the #VE handler has the answer of TDG.VP.VEINFO.GET in registers; 0: there is
/// none.</param>
/// <param name="HandlersFrom">First address of code that belongs to the handlers.</param>
/// <param name="Leave">Ends the section.</param>
internal sealed record SectionPlace(
    Func<int, ulong> HandlerOf, int Handlers, ulong VeTold, ulong HandlersFrom, Action Leave);

/// <summary>
/// Looks at the processor before every instruction of a section: sets the registers at the first, checks what is
/// expected,
/// stands in for the exception handlers, and ends the section. The software that runs never sees it.
/// </summary>
internal sealed unsafe class SectionWatch : IBreakpoints, IWorldObserver
{
    private readonly TextSection section;
    private readonly Core core;
    private readonly IWorldObserver? inner;
    private readonly ulong limit;
    private readonly SectionPlace place;
    private readonly Dictionary<ulong, int> handlers = [];
    private readonly SectionChecks checks;
    private Snapshot last;
    private bool isStarted, isOver, hasLast;
    private ulong startCycles, executed;
    private int exits;

    /// <summary>Watches a section on a processor.</summary>
    public SectionWatch(TextSection section, Core core, ulong limit, SectionPlace place)
    {
        (this.section, this.core, this.limit, this.place) = (section, core, limit, place);
        inner = core.Worlds;
        checks = new SectionChecks(section);
        // A #VE arrives at a handler of its own.
        for (int vector = 0; vector < place.Handlers; vector++)
            handlers[place.HandlerOf(vector)] = vector;
        Result = new SectionResult(section.Name, section.World, section.Line);
    }

    /// <summary>What has become of the section.</summary>
    public SectionResult Result { get; private set; }

    /// <summary>Whether the section has been left.</summary>
    public bool IsOver => isOver;

    /// <summary>Begins to look.</summary>
    public void Attach() => (core.Breakpoints, core.Worlds) = (this, this);

    /// <summary>Looks no longer.</summary>
    public void Detach() => (core.Breakpoints, core.Worlds) = (null, inner);

    /// <inheritdoc/>
    public bool Intercepts(Core core, out ulong status)
    {
        status = 0;
        return inner?.Intercepts(core, out status) == true;
    }

    /// <inheritdoc/>
    public void Switched(Core core, Operation transition, uint cycles)
    {
        if (transition == Operation.VmExit && isStarted && !isOver && section.World == SectionWorld.Td)
        {
            exits++;
            checks.Exited((ExitReason)(ushort)core.CurrentVmcs[VmcsField.ExitReason]);
        }
        inner?.Switched(core, transition, cycles);
    }

    /// <inheritdoc/>
    public bool Arrives(Core core)
    {
        if (isOver || !IsHere)
            return false;
        ulong rip = core.Lp->Rip;
        if (!isStarted)
        {
            if (rip != section.Origin)
                return false;
            Start();
            exits = 0;
            At(rip);
            return true;
        }
        else if (hasLast && last.Rip == rip && (last.Instructions == core.Lp->Instructions || exits > 0))
        {
            exits = 0; // the same instruction again: an event came first, or the host mended what stopped it
            return false;
        }
        else
        {
            executed++;
        }
        exits = 0;
        return At(rip);
    }

    /// <summary>The section did not come to its end by itself.</summary>
    public void Abandon(SectionEnd end, string reason)
    {
        if (isOver)
            return;
        if (hasLast)
            checks.Retired(last.Line);
        Finish(end, last.Line?.Line ?? 0, reason);
    }

    private bool IsHere => section.World == SectionWorld.Host
        ? !core.InSeam && !core.InNonRoot
        : core.InSeam && core.InNonRoot;

    private void Start()
    {
        isStarted = true;
        startCycles = core.Lp->Cycles;
        for (int i = 0; i < 16; i++)
            if (i != 4)
                core.Lp->Gpr[i] = 0;
        core.Rflags = RflagsBit.Fixed1;
        foreach ((RegisterField register, TextValue value) in section.Registers)
            register.Write(core, value.In(section.Labels));
    }

    private bool At(ulong rip)
    {
        if (handlers.TryGetValue(rip, out int vector))
            return Caught(vector);
        if (rip == place.VeTold && rip != 0)
            checks.Told(last.Line, VeInRegisters());
        CodeLine? line = section.At(rip);
        if (executed >= limit && rip != section.End)
            return Leave(SectionEnd.Limit, line?.Line ?? 0, StillRunning(rip, line));
        if (rip >= place.HandlersFrom)
            return false;
        if (hasLast)
            checks.Retired(last.Line);
        hasLast = false;
        if (line is null && rip != section.End)
            return false; // code of .mem: nothing is said about it
        if (section.Marks.TryGetValue(rip, out List<StateExpectation>? expectations))
            checks.State(core, expectations, section.Labels);
        if (rip == section.End)
            return Leave(SectionEnd.Completed, 0, "");
        last = new Snapshot(rip, core.Lp->Gpr[4], core.Rflags, core.Lp->Instructions, line);
        hasLast = true;
        return false;
    }

    private string StillRunning(ulong rip, CodeLine? line) =>
        $"ended by --max-instructions: still running after {executed} instructions, at 0x{rip:X}"
        + (line is null ? "" : $": {line.Text}");

    // TDG.VP.VEINFO.GET: RCX exit reason, RDX qualification, R8 GLA, R9 GPA, R10[31:0] instruction length.
    private VeInformation VeInRegisters()
    {
        LogicalProcessor* lp = core.Lp;
        return new VeInformation(lp->Gpr[1], lp->Gpr[2], lp->Gpr[8], lp->Gpr[9], (uint)lp->Gpr[10]);
    }

    private bool Caught(int vector)
    {
        bool described = vector == (int)core.PendingFault.Vector && vector < 32;
        CaughtException caught = new(
            (byte)vector,
            described && Core.HasErrorCode(core.PendingFault.Vector) ? core.PendingFault.ErrorCode : null,
            vector == (int)Vector.PF ? core.Lp->Cr2 : 0);
        if (!hasLast)
            return Leave(SectionEnd.Exception, 0, $"{caught} outside of the section's code");
        if (!checks.Caught(last.Line!, caught, section.Labels))
        {
            string why = $"{caught} at 0x{last.Rip:X}: {last.Line!.Text}";
            checks.Retired(last.Line);
            hasLast = false;
            Restore();
            return Leave(SectionEnd.Exception, last.Line.Line, why);
        }
        // What an exception handler does that steps over the instruction: IRET with RIP behind it.
        Restore();
        core.Lp->Rip = Next();
        core.ModeChanged();
        return true;
    }

    private void Restore()
    {
        core.Lp->Gpr[4] = last.Rsp;
        core.Rflags = last.Rflags;
        core.Lp->Rip = last.Rip;
        core.ModeChanged();
    }

    /// <summary>Behind the instruction: its own length where it can be decoded, else its line.</summary>
    private ulong Next()
    {
        CodeLine line = last.Line!;
        byte[] bytes = line.Bytes[(int)(last.Rip - line.Address)..];
        Iced.Intel.Instruction instruction = Iced.Intel.Decoder.Create(64, bytes, last.Rip,
            Iced.Intel.DecoderOptions.None).Decode();
        return instruction.IsInvalid ? line.End : instruction.NextIP;
    }

    private bool Leave(SectionEnd end, int line, string reason)
    {
        Finish(end, line, reason);
        place.Leave();
        return true;
    }

    private void Finish(SectionEnd end, int line, string reason)
    {
        isOver = true;
        List<(string, ulong)> registers = [];
        for (int i = 0; i < 16; i++)
            registers.Add((Scripts.Registers.Names[i], core.Lp->Gpr[i]));
        registers.Add(("rip", core.Lp->Rip));
        registers.Add(("rflags", core.Rflags));
        Result = Result with
        {
            End = end,
            EndLine = line,
            Reason = reason,
            Instructions = executed,
            Cycles = isStarted ? core.Lp->Cycles - startCycles : 0,
            Registers = isStarted && IsHere ? registers : [],
            Checks = checks.Results(isStarted),
        };
    }

    /// <summary>The processor before the instruction under way.</summary>
    private readonly record struct Snapshot(ulong Rip, ulong Rsp, ulong Rflags, ulong Instructions, CodeLine? Line);
}
