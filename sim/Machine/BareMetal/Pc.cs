using System.Globalization;
using Seamsim.Devices;
using Seamsim.Isa.Apic;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Loading;
using Seamsim.Scheduling;
using Seamsim.Timing;

namespace Seamsim.BareMetal;

/// <summary>
/// A PC without firmware and without TDX: memory, logical processors with their local APICs, COM1 and the exit port. It
/// runs what a boot loader left in memory.
/// </summary>
internal sealed class Pc : IDisposable
{
    private const uint XapicDisableStatus = 0xBD;
    private readonly PcOptions options;
    private readonly PhysicalMemory memory;
    private readonly PcProcessor[] processors;
    private readonly LpScheduler<PcProcessor> scheduler;
    private readonly CycleAccount account;
    private readonly DebugExit exit = new();
    private readonly Uart16550 com1;

    /// <summary>Builds the machine as reset leaves it.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="serial">Where the bytes of COM1 go.</param>
    public Pc(PcOptions options, Stream serial)
    {
        this.options = options;
        MemoryMap = new PcMemoryMap(options.MemoryBytes);
        com1 = new Uart16550(serial);
        account = new CycleAccount(options.Processors, [], options.Costs);
        CpuParameters parameters = new()
        {
            LpsPerPackage = options.Processors, KeyIdBits = 0, MktmeKeyIds = 0, TdxKeyIds = 0,
        };
        memory = new PhysicalMemory(parameters.Keys, MemoryMap.Ranges);
        Uncore uncore = new(Model(parameters), memory, options.Seed) { Timebase = new Timebase(account) };
        uncore.Apics.Accepted = Accepted;
        scheduler = new(new SeededRandom(options.Seed, Streams.Scheduler), options.MaxInstructions)
        {
            TurnEnded = _ => com1.Flush(),
        };
        processors = new PcProcessor[options.Processors];
        LocalApicEvents events = new();
        PortMap ports = Ports();
        if (options.TestDevice)
            AddTestDevice(ports);
        ICacheTiming? caches = (options.Costs as Interval)?.CreateCaches(1, options.Processors);
        for (int i = 0; i < processors.Length; i++)
        {
            Core core = new(i, 0, memory, options.Costs)
                { Ledger = account.Ledger, Caches = caches, Events = events, PortSpace = ports };
            core.PowerOn(uncore);
            if (i != 0)
                PcStart.WaitForStartUp(core);
            if (caches is not null)
                ((Interval)options.Costs).Attach(core, caches);
            processors[i] = new PcProcessor(core, events, account);
        }
        Cores = [.. processors.Select(processor => processor.Core)];
        scheduler.Attach(processors);
    }

    /// <summary>Physical memory.</summary>
    public PhysicalMemory Memory => memory;

    /// <summary>The machine's memory as an image is told of it.</summary>
    public PcMemoryMap MemoryMap { get; }

    /// <summary>Instructions executed by all logical processors.</summary>
    public ulong Instructions => scheduler.Instructions;

    /// <summary>The logical processors.</summary>
    public IReadOnlyList<Core> Cores { get; }

    /// <summary>Where the cycles went; settled at the time of the call.</summary>
    public CycleAccount Account
    {
        get
        {
            foreach (Core core in Cores)
                account.Settle(core);
            return account;
        }
    }

    /// <summary>Clock of the logical processor that came furthest.</summary>
    public unsafe ulong Cycles => processors.Max(processor => processor.Core.Lp->Cycles);

    /// <summary>Where everything random comes from.</summary>
    public ulong Seed => options.Seed;

    /// <summary>Name of the cost model.</summary>
    public string TimingModel => options.Costs.Name;

    /// <summary>
    /// Mnemonics of instructions the processors met and that are not modelled, in alphabetical order. Each raised #UD.
    /// </summary>
    public IReadOnlyCollection<string> UnmodelledInstructions =>
        new SortedSet<string>(Cores.SelectMany(core => core.UnmodelledInstructions), StringComparer.Ordinal);

    /// <summary>Loads a Multiboot image; false: why it cannot be, on one line.</summary>
    /// <param name="image">The image.</param>
    /// <param name="commandLine">Its command line.</param>
    /// <param name="modules">What is loaded with it.</param>
    /// <param name="wrong">What is wrong.</param>
    public bool TryLoad(
        MultibootImage image, string commandLine, IReadOnlyList<MultibootModule> modules, out string wrong)
    {
        if (new MultibootLoader(memory, MemoryMap).Load(image, commandLine, modules, out wrong) is not { } information)
            return false;
        PcStart.Enter(processors[0].Core, image.Entry, information);
        return true;
    }

    /// <summary>Runs to an end.</summary>
    public PcEnd Run()
    {
        ScheduleEnd end = Machine.OnLargeStack(() => scheduler.Run(HasEnded));
        com1.Flush();
        return end switch
        {
            ScheduleEnd.Reached when exit.Code is { } code =>
                new PcEnd(PcEndKind.Exit, Stopped, code, Text($"exit code {code}")),
            ScheduleEnd.Reached      =>
                new PcEnd(PcEndKind.TripleFault, InShutdown, 0, Text($"triple fault on LP {InShutdown}")),
            ScheduleEnd.Instructions => new PcEnd(PcEndKind.Instructions, 0, 0,
                Text($"max-instructions is spent: {Instructions} instructions executed")),
            ScheduleEnd.Cancelled    => new PcEnd(PcEndKind.Cancelled, 0, 0, "cancelled"),
            _                        => new PcEnd(PcEndKind.Halted, 0, 0, WhyHalted()),
        };
    }

    /// <summary>Ends the run at the next opportunity; callable from any thread (Ctrl-C).</summary>
    public void Cancel() => scheduler.Cancelled = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PcProcessor processor in processors)
            processor.Core.Dispose();
        memory.Dispose();
    }

    private int Stopped => Math.Max(0, Array.FindIndex(processors, processor => processor.HasStopped));

    private unsafe int InShutdown =>
        Array.FindIndex(processors, processor => processor.Core.Lp->Activity == ActivityState.Shutdown);

    private bool HasEnded() => exit.Code is not null || InShutdown >= 0;

    private unsafe string WhyHalted() => (processors[0].Core.Rflags & RflagsBit.If) == 0
        ? "HLT on LP 0 with interrupts off"
        : "HLT on LP 0, and no interrupt is to come";

    private void Accepted(LocalApic apic) =>
        processors[apic.Core.Index].Wake(scheduler.Current?.Cycles ?? 0);

    private CpuModel Model(CpuParameters parameters)
    {
        CpuModel model = CpuModel.Load(options.Cpu, parameters);
        // Firmware of a machine without TDX leaves the xAPIC usable. SDM vol. 4, IA32_XAPIC_DISABLE_STATUS.
        for (int lp = 0; lp < options.Processors; lp++)
            model.Override(lp, new LpOverride(true, XapicDisableStatus, 0, 0, 1, 0));
        return model;
    }

    private PortMap Ports()
    {
        PortMap ports = new();
        ports.Add(DebugExit.Port, DebugExit.Ports, exit);
        ports.Add(Uart16550.Com1, Uart16550.Ports, com1);
        return ports;
    }

    private void AddTestDevice(PortMap ports)
    {
        TestDevice device = new();
        ports.Add(TestDevice.Port, TestDevice.Ports, device);
        memory.Mmio.Add(TestDevice.MemoryBase, TestDevice.MemoryBytes, device);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
