using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Hosting;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Scheduling;
using Seamsim.Timing;

namespace Seamsim;

/// <summary>
/// A platform that runs: memory, logical processors, P-SEAMLDR and TDX module, and a host kernel that drives them by
/// executing real instructions. One machine is one thread; different machines are independent.
/// </summary>
public sealed partial class Machine : IDisposable
{
    private const int StackBytes = 64 << 20;
    private readonly Composition parts;
    private readonly KvmOptions kvmOptions;

    /// <summary>
    /// Builds the platform as firmware leaves it: P-SEAMLDR present, no TDX module, processors in the host.
    /// </summary>
    public Machine(Platform platform)
        : this(platform, platform.Costs)
    {
    }

    /// <summary>Builds the platform with a cost model.</summary>
    /// <exception cref="Configuration.ConfigurationException">There is no such policy.</exception>
    public Machine(Platform platform, ICostModel costs)
    {
        Platform = platform;
        kvmOptions = OptionsOf(platform);
        parts = new Composition(platform, costs);
        Kernel = new HostKernel(parts.Host);
    }

    /// <summary>Names of the CPU models.</summary>
    public static IReadOnlyList<string> CpuModels => ["sapphire-rapids"];

    /// <summary>What the machine is made of.</summary>
    public Platform Platform { get; }

    /// <summary>Name of the cost model; every quoted cycle figure carries it.</summary>
    public string TimingModel => parts.Costs.Name;

    /// <summary>The kernel log (dmesg) so far.</summary>
    public IReadOnlyList<string> KernelLog => parts.Host.KernelLog;

    /// <summary>Where the cycles went; settled at the time of the call.</summary>
    public CycleAccount Account
    {
        get
        {
            foreach (Core core in parts.Cores)
                parts.Account.Settle(core);
            return parts.Account;
        }
    }

    /// <summary>Instructions executed by all logical processors.</summary>
    public ulong Instructions => parts.Scheduler.Instructions;

    /// <summary>
    /// Mnemonics of instructions the processors met and that are not modelled, in alphabetical order. Each raised #UD
    /// where it stood.
    /// </summary>
    public IReadOnlyCollection<string> UnmodelledInstructions =>
        new SortedSet<string>(parts.Cores.SelectMany(core => core.UnmodelledInstructions), StringComparer.Ordinal);

    internal HostKernel Kernel { get; }

    internal Composition Parts => parts;

    internal ModuleTables Tables => parts.Definition.Tables;

    internal IHostMemory HostMemory => parts.Host.Memory;

    internal IReadOnlyList<Core> Cores => parts.Cores;

    internal ScratchPages ScratchPages { get; } = new();

    /// <summary>Another machine that is run on behalf of this one and ends with it.</summary>
    internal Machine? Companion { get; set; }

    /// <summary>Ends the run at the next opportunity; callable from any thread (Ctrl-C).</summary>
    public void Cancel()
    {
        parts.Scheduler.Cancelled = true;
        Companion?.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose() => parts.Dispose();

    /// <summary>Fresh, zeroed pages one behind the other; null when memory is used up.</summary>
    internal ulong? AllocatePages(int pages)
    {
        ulong bytes = (ulong)pages * PageAllocator.PageSize;
        if (!Kernel.Pages.TryAllocateBlock(bytes, PageAllocator.PageSize, 0, ulong.MaxValue, out Isa.Hpa block))
            return null;
        byte[] zeros = ScratchPages.Rent();
        for (ulong at = 0; at < bytes; at += PageAllocator.PageSize)
            HostMemory.Write(block + at, zeros);
        ScratchPages.GiveBack(zeros);
        return block.Value;
    }

    /// <summary>Runs a host flow on a logical processor until it ends.</summary>
    /// <exception cref="MachineStoppedException">The run ended before the flow did.</exception>
    internal T Execute<T>(int lp, Func<ICpu, HostTask<T>> flow)
    {
        T result = default!;
        bool ended = false;
        ICpu cpu = parts.Host.Cpus[lp];
        HostTask.Spawn(parts.Host, cpu, async () =>
        {
            result = await flow(cpu);
            ended = true;
        });
        ScheduleEnd end = OnLargeStack(() => parts.Scheduler.Run(() => ended));
        parts.Host.OutsideClock = cpu.Cycles;
        return end == ScheduleEnd.Reached ? result : throw new MachineStoppedException(end, parts.Explain(end));
    }

    /// <summary>
    /// A thread on which machines run without a thread of their own for every call; not started yet.
    /// </summary>
    internal static Thread LargeStackThread(Action work) => new(() => work(), StackBytes) { Name = nameof(Seamsim) };

    /// <summary>The engine's chains of handlers need depth if a tail call is ever missed (D1).</summary>
    internal static T OnLargeStack<T>(Func<T> work)
    {
        if (Thread.CurrentThread.Name == nameof(Seamsim))
            return work();
        T result = default!;
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? error = null;
        Thread thread = LargeStackThread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception wrong)
            {
                error = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(wrong);
            }
        });
        thread.Start();
        thread.Join();
        error?.Throw();
        return result;
    }
}
