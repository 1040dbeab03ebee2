using System.Globalization;
using Seamsim.Host.Vmm;
using Seamsim.Hosting;
using Seamsim.Timing;

namespace Seamsim.Runs;

/// <summary>Counts what running TDs execute, turn by turn, and stops one that has spent its instructions.</summary>
internal sealed class TdLimits : IDisposable
{
    private readonly Machine machine;
    private readonly (TdVmm Vmm, ulong Limit)[] running;
    private readonly ulong[] spent, counted;
    private readonly int[] inside;

    /// <summary>Counts from now on.</summary>
    public TdLimits(Machine machine, (TdVmm Vmm, ulong Limit)[] running)
    {
        (this.machine, this.running) = (machine, running);
        spent = new ulong[running.Length];
        counted = [.. machine.Cores.Select(core => machine.Account.Of(core.Index, World.Td).Instructions)];
        inside = [.. machine.Cores.Select(_ => -1)];
        machine.Parts.Scheduler.TurnEnded = Count;
    }

    /// <inheritdoc/>
    public void Dispose() => machine.Parts.Scheduler.TurnEnded = null;

    /// <summary>
    /// Books a turn's instructions in TDs on the TD that was entered before it: at the end of the turn the vCPU may
    /// have left it already. A vCPU enters at most once a turn.
    /// </summary>
    private void Count(HostCpu cpu)
    {
        machine.Parts.Account.Settle(cpu.Core);
        ulong now = machine.Parts.Account.Of(cpu.Index, World.Td).Instructions;
        ulong turn = now - counted[cpu.Index];
        counted[cpu.Index] = now;
        int td = inside[cpu.Index];
        inside[cpu.Index] = Array.FindIndex(
            running, one => one.Vmm.Td!.TdVcpus.Any(vcpu => vcpu.InGuestOn == cpu));
        if (turn == 0 || td < 0)
            return;
        spent[td] += turn;
        (TdVmm vmm, ulong limit) = running[td];
        if (spent[td] > limit && vmm.End == TdEnd.NotRun)
            vmm.Stop(string.Create(CultureInfo.InvariantCulture, $"max_instructions of {limit} is spent"));
    }
}
