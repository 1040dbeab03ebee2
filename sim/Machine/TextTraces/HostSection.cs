using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Hosting;
using Seamsim.Isa;
using Seamsim.Isa.State;

namespace Seamsim.TextTraces;

/// <summary>A section on the host core: its bytes lie in simulated memory, and the core executes them.</summary>
internal sealed class HostSection
{
    private readonly Machine machine;
    private readonly TextSection section;
    private readonly HostCpu cpu;
    private readonly SectionWatch watch;
    private readonly HostControls controls;

    /// <summary>A section on the processor it names.</summary>
    public HostSection(Machine machine, TextSection section, ulong limit)
    {
        (this.machine, this.section) = (machine, section);
        cpu = (HostCpu)machine.Parts.Host.Cpus[section.Options.Lp];
        controls = new HostControls(cpu.Core);
        watch = new SectionWatch(section, cpu.Core, limit, new SectionPlace(
            vector => HostLayout.ReturnOf((byte)vector), 256, 0, ulong.MaxValue, Leave));
    }

    /// <summary>Plays it.</summary>
    public SectionResult Play()
    {
        foreach (CodeLine line in section.Code)
            machine.HostMemory.Write(new Hpa(line.Address), line.Bytes);
        foreach (MemoryBlock block in section.Memory)
            machine.HostMemory.Write(new Hpa(block.Address), block.Bytes);
        controls.Keep();
        watch.Attach();
        try
        {
            machine.Execute(section.Options.Lp, Flow);
        }
        catch (MachineStoppedException stopped)
        {
            watch.Abandon(
                TextTraceRunner.EndOf(stopped, cpu.IsHalted), cpu.IsHalted ? "the processor halted" : stopped.Message);
            if (watch.Result.End == SectionEnd.Halted)
            {
                controls.Restore();
                cpu.Abandon();
            }
        }
        finally
        {
            watch.Detach();
        }
        return watch.Result;
    }

    private async HostTask<int> Flow(ICpu here)
    {
        HostTask end = HostTask.Pending();
        cpu.Run(section.Origin, HostPages.StackTop, end.Complete);
        await end;
        return 0;
    }

    /// <summary>Host C# goes on: with the control registers and segments that it left.</summary>
    private unsafe void Leave()
    {
        controls.Restore();
        cpu.Core.Lp->Gpr[4] = BootState.StackTop(cpu.Index);
        cpu.Core.Lp->Rip = HostLayout.Returns;
        cpu.Core.ModeChanged();
    }
}
