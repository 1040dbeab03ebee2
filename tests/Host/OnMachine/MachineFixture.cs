using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Runs;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>A loaded KVM on a real machine: every SEAMCALL is executed and answered by the TDX module.</summary>
internal sealed class MachineFixture : KvmUser, IDisposable
{
    /// <summary>A machine of 1 GiB, which TDX initialises fast.</summary>
    public static Platform Small => new() { MemoryBytes = 1UL << 30 };

    private readonly List<Call> calls = [];

    public MachineFixture(KvmOptions? options = null, Platform? platform = null)
        : this(new Machine(platform ?? Small), options ?? KvmOptions.Linux616)
    {
    }

    private MachineFixture(Machine machine, KvmOptions options)
        : this(machine, Load(machine, options))
    {
    }

    private MachineFixture(Machine machine, (Errno Error, KvmModule? Kvm) loaded)
        : base(machine.Kernel, loaded.Error, loaded.Kvm)
    {
        Machine = machine;
        Kernel.Seam.Observer = (cpu, leaf, arguments, result) =>
            calls.Add(new Call(cpu.Index, leaf, arguments, result));
    }

    public Machine Machine { get; }

    /// <summary>The SEAMCALLs since the fixture exists or <see cref="Forget"/> was called.</summary>
    public IReadOnlyList<Call> Calls => calls;

    public IEnumerable<SeamcallLeaf> Leaves => calls.Select(call => call.Leaf);

    /// <summary>Pages the PAMT does not call free or reserved.</summary>
    public int PagesInUse => Inspection.PagesInUse(Machine).Count;

    public void Forget() => calls.Clear();

    public override T Run<T>(Func<HostTask<T>> flow) => Machine.Execute(0, _ => flow());

    public void Dispose() => Machine.Dispose();

    private static (Errno Error, KvmModule? Kvm) Load(Machine machine, KvmOptions options)
    {
        machine.Advance(StartState.Installed);
        return machine.Execute(0, cpu => KvmModule.Load(machine.Kernel, cpu, options, module: null));
    }

    /// <summary>One SEAMCALL.</summary>
    public readonly record struct Call(int Cpu, SeamcallLeaf Leaf, SeamcallArguments In, SeamcallResult Out);
}
