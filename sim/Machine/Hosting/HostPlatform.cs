using Seamsim.Host;
using Seamsim.Scheduling;

namespace Seamsim.Hosting;

/// <summary>The machine as the host kernel reaches it.</summary>
internal sealed class HostPlatform(HostCpu[] cpus, IHostMemory memory, int packages, LpScheduler<HostCpu> scheduler)
    : IHostPlatform
{
    private readonly List<string> log = [];

    /// <inheritdoc/>
    public IReadOnlyList<ICpu> Cpus => cpus;

    /// <inheritdoc/>
    public IHostMemory Memory => memory;

    /// <inheritdoc/>
    public int Packages => packages;

    /// <summary>The kernel log so far.</summary>
    public IReadOnlyList<string> KernelLog => log;

    /// <inheritdoc/>
    public void Post(ICpu cpu, Action continuation) => Hand((HostCpu)cpu, continuation, first: false);

    /// <inheritdoc/>
    public void Interrupt(ICpu cpu, Action continuation)
    {
        HostCpu target = (HostCpu)cpu;
        Hand(target, continuation, first: true);
        if (target.InStub)
            target.Kick();
    }

    /// <inheritdoc/>
    public void Log(ICpu cpu, string line) => log.Add(line);

    /// <summary>Clock at which the last flow from outside the machine ended: what comes next comes later.</summary>
    public ulong OutsideClock { get; set; }

    private void Hand(HostCpu target, Action continuation, bool first) =>
        target.Enqueue(continuation, first, scheduler.Current?.Cycles ?? OutsideClock);
}
