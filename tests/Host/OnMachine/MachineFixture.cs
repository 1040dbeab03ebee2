using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Runs;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>A loaded KVM on a real machine: every SEAMCALL is executed and answered by the TDX module.</summary>
internal sealed class MachineFixture : KvmUser, IDisposable
{
    /// <summary>A machine of 1 GiB, which TDX initialises fast; what loops is stopped soon.</summary>
    public static Platform Small => new() { MemoryBytes = 1UL << 30, MaxInstructions = 5_000_000 };

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

    /// <summary>
    /// A TD that starts with a guest, as a VMM builds it: 2 MiB of private memory, one vCPU, MapGPA comes out.
    /// </summary>
    public (KvmTdx Td, VcpuTdx Vcpu) Boot(GuestImage guest, int gpaw = 48)
    {
        const ulong ram = 2UL << 20;
        KvmTdx td = NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        td.EnableCap(KvmCap.ExitHypercall, 0, 1UL << (int)KvmUapi.HypercallMapGpaRange);
        KvmTdxInitVm init = new() { Attributes = TdAttributes.SeptVeDisable, Xfam = 3 };
        Assert.That(InitVm(td, init, Sizes(gpaw)), Is.EqualTo(Errno.Ok));
        AddMemory(td, 0, ram);
        VcpuTdx vcpu = InitializedVcpu(td, gpaw);
        foreach (GuestRegion region in guest.Regions)
        {
            if (region.Gpa >= ram)
                AddMemory(td, region.Gpa, 4096);
            byte[] pages = new byte[(region.Bytes.Length + 4095) & ~4095];
            region.Bytes.CopyTo(pages);
            ulong source = User.MapBytes(pages);
            Assert.That(MemRegion(vcpu, source, region.Gpa, (ulong)pages.Length >> 12), Is.EqualTo(Errno.Ok));
        }
        Assert.That(Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.Ok));
        return (td, vcpu);
    }

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
