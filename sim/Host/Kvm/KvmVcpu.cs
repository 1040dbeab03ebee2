using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <summary>A vCPU file descriptor.</summary>
public abstract class KvmVcpu
{
    private protected KvmVcpu(KvmVm vm, int id)
    {
        Vm = vm;
        Id = id;
    }

    /// <summary>The VM.</summary>
    public KvmVm Vm { get; }

    /// <summary>vCPU id, which is also the x2APIC id.</summary>
    public int Id { get; }

    /// <summary>The shared page.</summary>
    public KvmRun RunPage { get; } = new();

    /// <summary>
    /// KVM's own copy of the vCPU's CPUID, as KVM_SET_CPUID2 left it; with some policies INIT_VCPU writes it.
    /// </summary>
    public IReadOnlyList<KvmCpuidEntry2> Cpuid { get; private protected set; } = [];

    /// <summary>Whether KVM_RUN was ever called.</summary>
    private protected bool HasRun { get; set; }

    /// <summary>
    /// KVM_SET_CPUID2: struct kvm_cpuid2. -E2BIG above 256 entries; after KVM_RUN only the same again; a TD's CPUID
    /// policy may refuse it (-EINVAL).
    /// </summary>
    public Errno SetCpuid2(IUserMemory user, ulong argument)
    {
        byte[] header = new byte[KvmCpuid2.HeaderSize];
        if (!user.TryRead(argument, header))
            return Errno.EFAULT;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (count > KvmUapi.MaxCpuidEntries)
            return Errno.E2BIG;
        byte[] bytes = new byte[count * KvmCpuidEntry2.Size];
        if (!user.TryRead(argument + KvmCpuid2.EntriesOffset, bytes))
            return Errno.EFAULT;
        List<KvmCpuidEntry2> entries = KvmCpuid2.ParseEntries(bytes, (int)count);
        if (HasRun && !entries.SequenceEqual(Cpuid))
            return Errno.EINVAL;
        Errno error = CheckCpuid(entries);
        if (error == Errno.Ok)
            Cpuid = entries;
        return error;
    }

    /// <summary>The entry CPUID with this leaf and sub-leaf would find in KVM's copy.</summary>
    public CpuidValue LookUpCpuid(uint leaf, uint subleaf) => LookUp(Cpuid, leaf, subleaf);

    private protected static CpuidValue LookUp(IReadOnlyList<KvmCpuidEntry2> entries, uint leaf, uint subleaf)
    {
        foreach (KvmCpuidEntry2 entry in entries)
            if (entry.Answers(leaf, subleaf))
                return entry.Value;
        return default;
    }

    private protected virtual Errno CheckCpuid(IReadOnlyList<KvmCpuidEntry2> entries) => Errno.Ok;

    /// <summary>KVM_MEMORY_ENCRYPT_OP on the vCPU.</summary>
    public abstract HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument);

    /// <summary>KVM_RUN.</summary>
    public abstract HostTask<Errno> Run(ICpu cpu);
}

/// <summary>
/// A vCPU of an ordinary VM; it has no trust-domain commands (-EINVAL) and this model does not run it.
/// </summary>
public sealed class KvmDefaultVcpu : KvmVcpu
{
    internal KvmDefaultVcpu(KvmVm vm, int id)
        : base(vm, id)
    {
    }

    /// <inheritdoc/>
    public override async HostTask<Errno> MemoryEncryptOp(ICpu cpu, IUserMemory user, ulong argument) => Errno.EINVAL;

    /// <inheritdoc/>
    public override async HostTask<Errno> Run(ICpu cpu) => Errno.EINVAL;
}
