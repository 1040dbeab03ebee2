using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>The simulated host kernel: what TDX bring-up and KVM share.</summary>
public sealed class HostKernel
{
    /// <summary>Boots on a platform; nothing is executed before <see cref="TdxHost.Boot"/>.</summary>
    public HostKernel(IHostPlatform platform)
    {
        Platform = platform;
        Pages = new PageAllocator(TdmrPlan.MemoryList(platform.Memory.Ranges), platform.Memory.Reserved);
        Seam = new Seamcaller();
        Tdh = new Tdh(Seam);
        Printer = new SeamcallPrinter(platform);
        Cpus = new CpuHotplug(this);
        Tdx = new TdxHost(this);
        TdxLock = new HostMutex(platform);
    }

    /// <summary>The machine.</summary>
    public IHostPlatform Platform { get; }

    /// <summary>Free memory.</summary>
    public PageAllocator Pages { get; }

    /// <summary>SEAMCALL, its counts, forced failures.</summary>
    public Seamcaller Seam { get; }

    /// <summary>The leaves.</summary>
    public Tdh Tdh { get; }

    /// <summary>Log lines of failed SEAMCALLs.</summary>
    public SeamcallPrinter Printer { get; }

    /// <summary>Which processors are online.</summary>
    public CpuHotplug Cpus { get; }

    /// <summary>The TDX part of the kernel.</summary>
    public TdxHost Tdx { get; }

    /// <summary>Serialises the leaves that take the module's key ownership table (tdx_lock).</summary>
    public HostMutex TdxLock { get; }

    /// <summary>Writes a line to the kernel log.</summary>
    public void Log(ICpu cpu, string line) => Platform.Log(cpu, line);

    /// <summary>Lets other flows of this processor go first (cond_resched).</summary>
    public Turn Yield(ICpu cpu) => new(Platform, cpu);

    /// <summary>
    /// One round of a loop that waits for another processor. Unlike <see cref="Yield"/> it takes time: the processor
    /// with the smallest clock goes next, so that a free poll would be repeated for ever.
    /// </summary>
    public Turn Poll(ICpu cpu)
    {
        cpu.Charge("kernel.cpu_relax");
        return Yield(cpu);
    }

    /// <summary>A zeroed page for the kernel's own use; false when memory is used up.</summary>
    public bool TryZeroedPage(out Hpa page)
    {
        if (!Pages.TryAllocate(out page))
            return false;
        Platform.Memory.Write(page, new byte[PageAllocator.PageSize]);
        return true;
    }

    /// <summary>Runs <paramref name="work"/> on another processor (an IPI) and waits for its answer.</summary>
    public HostTask<T> OnCpu<T>(ICpu from, ICpu to, Func<ICpu, HostTask<T>> work) =>
        from == to ? work(to) : StartOn(from, to, work);

    /// <summary>
    /// Starts <paramref name="work"/> as a thread of its own on a processor. On the same processor it waits in the run
    /// queue for whoever starts it to wait for something: one stub at a time runs on a processor.
    /// </summary>
    public HostTask<T> StartOn<T>(ICpu from, ICpu to, Func<ICpu, HostTask<T>> work)
    {
        HostTask<T> answer = new();
        async HostTask There()
        {
            if (from != to)
                to.Charge("kernel.ipi");
            T value = await work(to);
            Platform.Post(from, () => answer.Complete(value));
        }
        if (from == to)
            Platform.Post(to, () => HostTask.Begin(There));
        else
            Platform.Interrupt(to, () => HostTask.Begin(There));
        return answer;
    }

    /// <summary>
    /// Runs <paramref name="work"/> on every online processor in turn until one answers something else than success.
    /// </summary>
    public async HostTask<Errno> OnEachCpu(ICpu from, Func<ICpu, HostTask<Errno>> work)
    {
        foreach (ICpu cpu in Cpus.Online)
            if (await OnCpu(from, cpu, work) is var error && error != Errno.Ok)
                return error;
        return Errno.Ok;
    }

    /// <summary>
    /// Runs <paramref name="work"/> on the first online processor of every package, one after the other.
    /// </summary>
    public async HostTask<Errno> OnEachPackage(ICpu from, Func<ICpu, HostTask<Errno>> work)
    {
        for (int package = 0; package < Platform.Packages; package++)
            if (Cpus.FirstOnlineOf(package) is { } cpu
                && await OnCpu(from, cpu, work) is var error && error != Errno.Ok)
                return error;
        return Errno.Ok;
    }
}
