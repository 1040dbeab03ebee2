using System.Globalization;
using Seamsim.Firmware.Loader;
using Seamsim.Firmware.Module;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Hosting;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Scheduling;
using Seamsim.Timing;

namespace Seamsim;

/// <summary>The parts of a machine, put together.</summary>
internal sealed class Composition : IDisposable
{
    /// <summary>Builds everything.</summary>
    public Composition(Platform platform, ICostModel costs)
    {
        Costs = costs;
        Account = new CycleAccount(platform.LpCount, platform.Forced, costs);
        WorldWatch watch = new(Account, ReleaseLocks);
        Memory = new PhysicalMemory(platform.Keys, platform.Ranges, platform.Packages);
        CpuModel model = CpuModel.Load(platform.Cpu, Parameters(platform));
        for (int lp = 0; lp < platform.LpCount; lp++)
            foreach (LpOverride difference in platform.CpuDiffers)
                model.Override(lp, difference);
        foreach ((int lp, LpOverride difference) in platform.OddLps)
            model.Override(lp, difference);
        Uncore = new Uncore(model, Memory, platform.Seed) { Timebase = new Timebase(Account) };
        Managed = new ManagedCode();
        ICacheTiming? caches = (costs as Interval)?.CreateCaches(platform.Packages, platform.LpsPerPackage);
        Scheduler = new LpScheduler<HostCpu>(
            new SeededRandom(platform.Seed, Streams.Scheduler), platform.MaxInstructions);

        StubCode stubs = new(HostLayout.Stubs);
        BootImage.Write(Memory, stubs, platform.LpCount);
        BootImage.Register(Managed);

        HostCosts hostCosts = new();
        HostCpu[] cpus = new HostCpu[platform.LpCount];
        Cores = new Core[platform.LpCount];
        for (int i = 0; i < cpus.Length; i++)
        {
            Cores[i] = new Core(i, i / platform.LpsPerPackage, Memory, costs)
                { Worlds = watch, Ledger = Account.Ledger, Caches = caches, ManagedCode = Managed };
            Cores[i].PowerOn(Uncore);
            BootState.Enter(Cores[i]);
            if (caches is not null)
                ((Interval)costs).Attach(Cores[i], caches);
            cpus[i] = new HostCpu(Cores[i], stubs, hostCosts, Account);
        }
        Definition = platform.ModuleDefinition;
        TdxModule tdx = new(Definition.Rules);
        Module = ModuleImage.Build(Definition);
        PSeamldr loader = new(Managed, new Dictionary<string, IManagedImage> { [ModuleImage.NameOf(Definition)] = tdx });
        if (!SeamFirmware.Launch(Cores, platform.HostRanges, Managed, loader))
            throw new InvalidOperationException("the platform is too large for SYSINFO");
        Scheduler.Attach(cpus);
        Scheduler.ClockReached = ReleaseLocks;
        Host = new HostPlatform(
            cpus, new HostMemory(Memory, platform.HostRanges, [(0, HostLayout.End)]), platform.Packages, Scheduler);
    }

    /// <summary>Cost model in force.</summary>
    public ICostModel Costs { get; }

    /// <summary>Physical memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Addresses where C# stands in for instructions.</summary>
    public ManagedCode Managed { get; }

    /// <summary>Which TDX module runs.</summary>
    public ModuleDefinition Definition { get; }

    /// <summary>The TDX module as the vendor ships it.</summary>
    public TdxModuleImage Module { get; }

    /// <summary>Where the cycles go.</summary>
    public CycleAccount Account { get; }

    /// <summary>Who runs next.</summary>
    public LpScheduler<HostCpu> Scheduler { get; }

    /// <summary>The logical processors.</summary>
    public Core[] Cores { get; }

    /// <summary>The machine as the host kernel reaches it.</summary>
    public HostPlatform Host { get; }

    /// <summary>What the logical processors share besides memory.</summary>
    public Uncore Uncore { get; }

    /// <summary>Lets go of locks whose holder's leaf has ended by a point in time (D8).</summary>
    public void ReleaseLocks(ulong cycles)
    {
        foreach (Core core in Cores)
            if (core.PendingLockReleases.Count != 0)
                core.ApplyLockReleases(cycles);
    }

    /// <summary>Why a run stopped, in words.</summary>
    public string Explain(ScheduleEnd end)
    {
        if (end == ScheduleEnd.Instructions)
            return string.Create(
                CultureInfo.InvariantCulture,
                    $"max_instructions is spent: {Scheduler.Instructions} instructions executed");
        if (end == ScheduleEnd.Cancelled)
            return "cancelled";
        int down = Array.FindIndex(Host.Cpus.ToArray(), cpu => ((HostCpu)cpu).IsShutDown);
        return down >= 0
            ? string.Create(CultureInfo.InvariantCulture, $"LP {down} is in shutdown and nothing else can run")
            : "no logical processor has anything left to do, but the host still waits";
    }

    private static CpuParameters Parameters(Platform platform) => new()
    {
        Packages = platform.Packages,
        LpsPerPackage = platform.LpsPerPackage,
        PhysicalAddressBits = platform.PhysicalAddressBits,
        KeyIdBits = platform.KeyIdBits,
        MktmeKeyIds = platform.MktmeKeyIds,
        TdxKeyIds = platform.TdxKeyIds,
        FiveLevelEpt = platform.Ept5,
        SeamrrBase = platform.SeamBase,
        SeamrrBytes = platform.SeamBytes,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Core core in Cores)
            core.Dispose();
        Memory.Dispose();
    }
}
