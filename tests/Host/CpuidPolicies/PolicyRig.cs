using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host.CpuidPolicies;

/// <summary>A KVM with one policy on the fake module, and a user process that speaks that KVM's interface.</summary>
internal sealed class PolicyRig
{
    /// <summary>CPUID a VMM of that KVM would give a vCPU: x2APIC, and where the GPA width is.</summary>
    public static readonly KvmCpuidEntry2[] Minimal = [KvmUser.X2Apic, KvmUser.MaxExtended];

    public PolicyRig(string policy, FakePlatform? platform = null)
        : this(CpuidPolicyCatalog.Find(policy)!, platform)
    {
    }

    public PolicyRig(ICpuidPolicy policy, FakePlatform? platform = null)
    {
        Policy = policy;
        F = new KvmFixture(KvmOptions.For(policy), platform);
    }

    public KvmFixture F { get; }

    public ICpuidPolicy Policy { get; }

    public ulong Attributes { get; init; }

    public ulong Xfam { get; init; } = 3;

    public bool IsOld => Policy.Generation == KvmGeneration.BeforeSeries;

    /// <summary>The TD of the last <see cref="InitVm"/>.</summary>
    public KvmTdx Td { get; private set; } = null!;

    /// <summary>ATTRIBUTES of the last TD_PARAMS.</summary>
    public ulong AttributesGiven => BitConverter.ToUInt64(F.Module.TdParams, TdParams.Attributes);

    /// <summary>XFAM of the last TD_PARAMS.</summary>
    public ulong XfamGiven => BitConverter.ToUInt64(F.Module.TdParams, TdParams.Xfam);

    /// <summary>0x80000008 with the GPA width where this KVM looks for it.</summary>
    public KvmCpuidEntry2 Sizes(int gpaw = 48) => IsOld ? KvmUser.Sizes(0, gpaw) : KvmUser.Sizes(gpaw);

    /// <summary>The slot of a leaf in the last TD_PARAMS.</summary>
    public CpuidValue Slot(uint leaf)
    {
        IReadOnlyList<CpuidConfig> configs = F.Kernel.Tdx.Info.CpuidConfigs;
        int at = TdParams.CpuidConfig + (Enumerable.Range(0, configs.Count).First(i => configs[i].Leaf == leaf) * 16);
        byte[] bytes = F.Module.TdParams;
        return new CpuidValue(
            BitConverter.ToUInt32(bytes, at), BitConverter.ToUInt32(bytes, at + 4),
            BitConverter.ToUInt32(bytes, at + 8), BitConverter.ToUInt32(bytes, at + 12));
    }

    /// <summary>INIT_VM of a new TD with the GPA width 48 and these entries.</summary>
    public Errno InitVm(params KvmCpuidEntry2[] entries)
    {
        Td = F.NewTd();
        Td.EnableCap(KvmCap.SplitIrqchip, 0, 24);
        return F.InitVm(Td, new KvmTdxInitVm { Attributes = Attributes, Xfam = Xfam }, [Sizes(), .. entries]);
    }

    public VcpuTdx NewVcpu()
    {
        (Errno error, KvmVcpu? vcpu) = Td.CreateVcpu(0);
        Assert.That(error, Is.EqualTo(Errno.Ok));
        return (VcpuTdx)vcpu!;
    }

    public Errno SetCpuid(VcpuTdx vcpu, params KvmCpuidEntry2[] entries)
    {
        F.Data(KvmCpuid2.ToBytes(entries));
        return vcpu.SetCpuid2(F.User, F.DataAddress);
    }

    public (Errno Error, List<KvmCpuidEntry2> Entries) GetCpuid(VcpuTdx vcpu)
    {
        F.Data(BitConverter.GetBytes(256UL));
        Errno error = F.Command(vcpu, TdxCommand.GetCpuid, F.DataAddress);
        byte[] bytes = F.Data(KvmCpuid2.HeaderSize + (256 * KvmCpuidEntry2.Size));
        int count = error == Errno.Ok ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;
        return (error, KvmCpuid2.ParseEntries(bytes.AsSpan(KvmCpuid2.EntriesOffset), count));
    }

    /// <summary>INIT_VCPU with CPUID entries; what is in the user's buffer afterwards comes back.</summary>
    public (Errno Error, List<KvmCpuidEntry2> Answer) InitVcpu(VcpuTdx vcpu, params KvmCpuidEntry2[] entries)
    {
        F.Data(KvmTdxInitVcpu.ToBytes(0x1234, entries));
        Errno error = F.Command(vcpu, TdxCommand.InitVcpu, F.DataAddress);
        byte[] bytes = F.Data(KvmTdxInitVcpu.EntriesOffset + (256 * KvmCpuidEntry2.Size));
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(KvmTdxInitVcpu.CpuidOffset));
        return (error, KvmCpuid2.ParseEntries(bytes.AsSpan(KvmTdxInitVcpu.EntriesOffset), count));
    }

    /// <summary>A vCPU after INIT_VCPU, told what the policy lets it be told.</summary>
    public VcpuTdx InitializedVcpu(params KvmCpuidEntry2[] more)
    {
        VcpuTdx vcpu = NewVcpu();
        switch (Policy.VcpuCpuid)
        {
            case VcpuCpuidSource.SetCpuid2:
                Assert.That(SetCpuid(vcpu, [.. Minimal, Sizes(), .. more]), Is.EqualTo(Errno.Ok));
                Assert.That(F.Command(vcpu, TdxCommand.InitVcpu, 0x1234), Is.EqualTo(Errno.Ok));
                break;
            case VcpuCpuidSource.InitVcpuReads:
                Assert.That(InitVcpu(vcpu, [.. Minimal, Sizes(), .. more]).Error, Is.EqualTo(Errno.Ok));
                break;
            default:
                KvmCpuidEntry2[] whole = [TdOf(1), TdOf(0x8000_0000), SizesOfTd, .. more];
                Assert.That(InitVcpu(vcpu, whole).Error, Is.EqualTo(Errno.Ok));
                break;
        }
        return vcpu;
    }

    /// <summary>A leaf as the fake module keeps it for the TD.</summary>
    public KvmCpuidEntry2 TdOf(uint leaf) => new(leaf, 0, 0, F.Module.TdCpuid[(leaf, null)]);

    /// <summary>0x80000008 of the TD with its GPA width.</summary>
    public KvmCpuidEntry2 SizesOfTd => TdOf(0x8000_0008) with
    {
        Value = TdOf(0x8000_0008).Value with { Eax = 0x30_0000 | TdOf(0x8000_0008).Value.Eax },
    };
}
