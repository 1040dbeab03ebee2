using System.Buffers.Binary;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>One user process that talks to a loaded KVM, whatever the kernel below runs on.</summary>
internal abstract class KvmUser
{
    /// <summary>Size of the user buffer that commands and their data live in.</summary>
    private const ulong BufferBytes = 1 << 16;

    private readonly ulong buffer;

    protected KvmUser(HostKernel kernel, Errno loadError, KvmModule? kvm)
    {
        Kernel = kernel;
        LoadError = loadError;
        Kvm = kvm!;
        User = new UserSpace(kernel);
        buffer = User.Map(BufferBytes);
    }

    public HostKernel Kernel { get; }

    public Errno LoadError { get; }

    public KvmModule Kvm { get; }

    public UserSpace User { get; }

    public ICpu Cpu => Kernel.Platform.Cpus[0];

    /// <summary>hw_error as the last command left it.</summary>
    public ulong HwError { get; private set; }

    /// <summary>Where the data of a command goes.</summary>
    public ulong DataAddress => buffer + 4096;

    public KvmTdx NewTd()
    {
        (Errno error, KvmVm? vm) = Kvm.CreateVm(5);
        Assert.That(error, Is.EqualTo(Errno.Ok));
        return (KvmTdx)vm!;
    }

    /// <summary>A TD after INIT_VM.</summary>
    public KvmTdx InitializedTd(int gpaw = 48)
    {
        KvmTdx td = NewTd();
        td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        Assert.That(InitVm(td, Sizes(gpaw)), Is.EqualTo(Errno.Ok));
        return td;
    }

    /// <summary>A vCPU after INIT_VCPU.</summary>
    public VcpuTdx InitializedVcpu(KvmTdx td, int gpaw = 48, int id = 0)
    {
        VcpuTdx vcpu = (VcpuTdx)td.CreateVcpu(id).Vcpu!;
        SetCpuid(vcpu, X2Apic, MaxExtended, Sizes(gpaw));
        Assert.That(Command(vcpu, TdxCommand.InitVcpu, 0), Is.EqualTo(Errno.Ok));
        return vcpu;
    }

    /// <summary>A TD that can run, with a MiB of private memory at 0.</summary>
    public (KvmTdx Td, VcpuTdx Vcpu) RunnableTd(int gpaw = 48)
    {
        KvmTdx td = InitializedTd(gpaw);
        AddMemory(td, 0, 1 << 20);
        VcpuTdx vcpu = InitializedVcpu(td, gpaw);
        Assert.That(Command(td, TdxCommand.FinalizeVm, 0), Is.EqualTo(Errno.Ok));
        return (td, vcpu);
    }

    public void AddMemory(KvmTdx td, ulong gpa, ulong bytes, bool isPrivate = true)
    {
        MemorySlot slot = new(gpa, bytes, User, User.Map(bytes), td.CreateGuestMemfd());
        Assert.That(td.AddMemorySlot(slot), Is.EqualTo(Errno.Ok));
        if (isPrivate)
            Assert.That(Run(() => td.SetMemoryAttributes(Cpu, gpa, bytes, true)), Is.EqualTo(Errno.Ok));
    }

    public static KvmCpuidEntry2 X2Apic => new(1, 0, 0, new CpuidValue(0, 0, 1U << 21, 0));

    public static KvmCpuidEntry2 MaxExtended => new(0x8000_0000, 0, 0, new CpuidValue(0x8000_0008, 0, 0, 0));

    /// <summary>CPUID 0x80000008 with a GPA width.</summary>
    public static KvmCpuidEntry2 Sizes(int guestBits, int bits = 0) =>
        new(0x8000_0008, 0, 0, new CpuidValue((uint)(guestBits << 16 | bits), 0, 0, 0));

    public void SetCpuid(KvmVcpu vcpu, params KvmCpuidEntry2[] entries)
    {
        Data(KvmCpuid2.ToBytes(entries));
        Assert.That(vcpu.SetCpuid2(User, DataAddress), Is.EqualTo(Errno.Ok));
    }

    public void Data(byte[] bytes) => Assert.That(User.TryWrite(DataAddress, bytes), Is.True);

    public byte[] Data(int count)
    {
        byte[] bytes = new byte[count];
        Assert.That(User.TryRead(DataAddress, bytes), Is.True);
        return bytes;
    }

    public Errno InitVm(KvmTdx td, params KvmCpuidEntry2[] cpuid) => InitVm(td, new KvmTdxInitVm { Xfam = 3 }, cpuid);

    public Errno InitVm(KvmTdx td, KvmTdxInitVm init, params KvmCpuidEntry2[] cpuid)
    {
        Data(init.ToBytes(cpuid, Kvm.Options.InitVmLayout));
        return Command(td, TdxCommand.InitVm, DataAddress);
    }

    public Errno Command(KvmTdx td, TdxCommand command, ulong data, uint flags = 0, ulong hwError = 0) =>
        Raw(td, Kvm.Options.IdOf(command), data, flags, hwError);

    public Errno Command(VcpuTdx vcpu, TdxCommand command, ulong data, uint flags = 0, ulong hwError = 0)
    {
        Put(new KvmTdxCmd(Kvm.Options.IdOf(command), flags, data, hwError));
        Errno error = Run(() => vcpu.MemoryEncryptOp(Cpu, User, buffer));
        HwError = Get().HwError;
        return error;
    }

    public Errno Raw(KvmTdx td, uint id, ulong data, uint flags = 0, ulong hwError = 0)
    {
        Put(new KvmTdxCmd(id, flags, data, hwError));
        Errno error = Run(() => td.MemoryEncryptOp(Cpu, User, buffer));
        HwError = Get().HwError;
        return error;
    }

    public Errno RawVcpu(KvmVcpu vcpu, uint id, ulong data, uint flags = 0)
    {
        Put(new KvmTdxCmd(id, flags, data, 0));
        return Run(() => vcpu.MemoryEncryptOp(Cpu, User, buffer));
    }

    public Errno MemRegion(VcpuTdx vcpu, ulong source, ulong gpa, ulong pages, uint flags = 1)
    {
        Data(new KvmTdxInitMemRegion(source, gpa, pages).ToBytes());
        return Command(vcpu, TdxCommand.InitMemRegion, DataAddress, flags);
    }

    public Errno Run(VcpuTdx vcpu) => Run(() => vcpu.Run(Cpu));

    /// <summary>Runs a host flow to its end.</summary>
    public abstract T Run<T>(Func<HostTask<T>> flow);

    public void Destroy(KvmTdx td) => Run(async () =>
    {
        await td.Destroy(Cpu);
        return Errno.Ok;
    });

    /// <summary>CAPABILITIES with room for <paramref name="room"/> entries; the whole structure comes back.</summary>
    public (Errno Error, byte[] Bytes) Capabilities(KvmTdx td, uint room = 64, uint flags = 0)
    {
        byte[] bytes = new byte[2056 + (64 * 40)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(KvmTdxCapabilities.NrConfigsOffset), room);
        Data(bytes);
        Errno error = Command(td, TdxCommand.Capabilities, DataAddress, flags);
        return (error, Data(bytes.Length));
    }

    private void Put(KvmTdxCmd command) => Assert.That(User.TryWrite(buffer, command.ToBytes()), Is.True);

    private KvmTdxCmd Get()
    {
        byte[] bytes = new byte[KvmTdxCmd.Size];
        User.TryRead(buffer, bytes);
        return KvmTdxCmd.Parse(bytes);
    }
}
