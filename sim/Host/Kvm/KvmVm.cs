using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <summary>Where interrupts are delivered.</summary>
public enum IrqChip
{
    /// <summary>In user space altogether.</summary>
    None,

    /// <summary>KVM_CREATE_IRQCHIP: local APICs, PIC and I/O APIC in the kernel.</summary>
    Kernel,

    /// <summary>KVM_CAP_SPLIT_IRQCHIP: only the local APICs in the kernel.</summary>
    Split,
}

/// <summary>A VM file descriptor.</summary>
public abstract class KvmVm
{
    private readonly List<KvmVcpu> vcpus = [];

    private protected KvmVm(KvmModule kvm)
    {
        Kvm = kvm;
        MaxVcpus = kvm.Options.Flavour == KvmFlavour.Upstream && IsTd
            ? Math.Min(KvmUapi.MaxVcpus, kvm.Kernel.Platform.Cpus.Count)
            : KvmUapi.MaxVcpus;
    }

    /// <summary>The KVM it belongs to.</summary>
    public KvmModule Kvm { get; }

    /// <summary>Whether this is a trust domain (is_td).</summary>
    public abstract bool IsTd { get; }

    /// <summary>vCPUs created.</summary>
    public IReadOnlyList<KvmVcpu> Vcpus => vcpus;

    /// <summary>How many vCPUs may be created.</summary>
    public int MaxVcpus { get; private protected set; }

    /// <summary>Interrupt delivery.</summary>
    public IrqChip IrqChip { get; private set; }

    /// <summary>Hypercalls that come out as KVM_EXIT_HYPERCALL (KVM_CAP_EXIT_HYPERCALL).</summary>
    public ulong ExitHypercalls { get; private set; }

    /// <summary>Whether KVM gave up on the VM (KVM_BUG_ON): every further ioctl answers -EIO.</summary>
    public bool IsDead { get; private set; }

    /// <summary>KVM_CREATE_IRQCHIP.</summary>
    public Errno CreateIrqchip()
    {
        if (IrqChip != IrqChip.None)
            return Errno.EEXIST;
        if (vcpus.Count != 0 || IsTd)
            return Errno.EINVAL;
        IrqChip = IrqChip.Kernel;
        return Errno.Ok;
    }

    /// <summary>KVM_CHECK_EXTENSION on the VM.</summary>
    public int CheckExtension(KvmCap capability) =>
        capability == KvmCap.MaxVcpus ? MaxVcpus : Kvm.CheckExtension(capability);

    /// <summary>KVM_ENABLE_CAP.</summary>
    public Errno EnableCap(KvmCap capability, uint flags, ulong argument) => capability switch
    {
        KvmCap.SplitIrqchip => EnableSplitIrqchip(),
        KvmCap.ExitHypercall => EnableExitHypercall(argument),
        KvmCap.MaxVcpus => SetMaxVcpus(flags, argument),
        _ => Errno.EINVAL,
    };

    /// <summary>
    /// KVM_CREATE_VCPU: -EINVAL when there are <see cref="MaxVcpus"/>, then what the VM's type demands.
    /// </summary>
    public (Errno Error, KvmVcpu? Vcpu) CreateVcpu(int id)
    {
        if (IsDead)
            return (Errno.EIO, null);
        if (id < 0 || vcpus.Count >= MaxVcpus)
            return (Errno.EINVAL, null);
        if (vcpus.Exists(vcpu => vcpu.Id == id))
            return (Errno.EEXIST, null);
        Errno error = CheckVcpu();
        if (error != Errno.Ok)
            return (error, null);
        KvmVcpu created = NewVcpu(id);
        vcpus.Add(created);
        return (Errno.Ok, created);
    }

    /// <summary>KVM_MEMORY_ENCRYPT_OP on the VM: only trust domains have it (-ENOTTY).</summary>
    public abstract HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument);

    /// <summary>Closes the VM.</summary>
    public abstract HostTask Destroy(ICpu cpu);

    internal void Kill(ICpu cpu, string why)
    {
        if (!IsDead)
            Kvm.Kernel.Log(cpu, "kvm: VM is dead: " + why);
        IsDead = true;
    }

    private protected abstract Errno CheckVcpu();

    private protected abstract KvmVcpu NewVcpu(int id);

    private protected virtual Errno SetMaxVcpus(uint flags, ulong count) => Errno.EINVAL;

    private Errno EnableSplitIrqchip()
    {
        if (IrqChip != IrqChip.None)
            return Errno.EEXIST;
        if (vcpus.Count != 0)
            return Errno.EINVAL;
        IrqChip = IrqChip.Split;
        return Errno.Ok;
    }

    private Errno EnableExitHypercall(ulong mask)
    {
        if ((mask & ~(1UL << (int)KvmUapi.HypercallMapGpaRange)) != 0)
            return Errno.EINVAL;
        ExitHypercalls = mask;
        return Errno.Ok;
    }
}

/// <summary>An ordinary VM: it exists so that code can tell TDs from other VMs; this model does not run it.</summary>
public sealed class KvmDefaultVm : KvmVm
{
    internal KvmDefaultVm(KvmModule kvm)
        : base(kvm)
    {
    }

    /// <inheritdoc/>
    public override bool IsTd => false;

    /// <inheritdoc/>
    public override async HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument) => Errno.ENOTTY;

    /// <inheritdoc/>
    public override async HostTask Destroy(ICpu cpu)
    {
    }

    private protected override Errno CheckVcpu() => Errno.Ok;

    private protected override KvmVcpu NewVcpu(int id) => new KvmDefaultVcpu(this, id);
}
