using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Host.Vmm;

/// <content>Commands, capabilities and CPUID.</content>
public sealed partial class TdVmm
{
    private const ulong ScratchBytes = 1UL << 16, CommandAt = 0, DataAt = 4096;
    private const uint AddressSizes = 0x8000_0008;
    private const int MaxRoom =
        (int)(ScratchBytes - DataAt - KvmTdxCapabilities.EntriesOffset) / KvmCpuidEntry2.Size;
    private List<KvmCpuidEntry2> initEntries = [];
    private List<KvmCpuidEntry2>? belief;
    private List<KvmCpuidEntry2>? readBack;

    /// <summary>What the user believes the TD sees: read back, or expected where nothing is read back.</summary>
    public IReadOnlyList<KvmCpuidEntry2> UserView { get; private set; } = [];

    /// <summary>Where what was read back is not what the program expected; empty also when it did not look.</summary>
    public IReadOnlyList<CpuidDifference> Noticed { get; private set; } = [];

    private ICpuidPolicy Policy => kvm.Options.CpuidPolicy;

    /// <summary>INIT_VM wants the guest's whole CPUID and finds XFAM and GPA width in it.</summary>
    private bool IsWhole => Policy.Generation == KvmGeneration.BeforeSeries;

    /// <summary>KVM_MEMORY_ENCRYPT_OP on the VM or a vCPU; the structure lives in the process's memory.</summary>
    private async HostTask<Errno> Command(ICpu cpu, VcpuTdx? vcpu, TdxCommand command, ulong data, uint flags = 0)
    {
        cpu.Charge("vmm.exit");
        user.TryWrite(scratch + CommandAt, new KvmTdxCmd(kvm.Options.IdOf(command), flags, data, 0).ToBytes());
        Errno error = vcpu is null
            ? await Td!.MemoryEncryptOp(cpu, user, scratch + CommandAt)
            : await vcpu.MemoryEncryptOp(cpu, user, scratch + CommandAt);
        byte[] bytes = new byte[KvmTdxCmd.Size];
        user.TryRead(scratch + CommandAt, bytes);
        HwError = KvmTdxCmd.Parse(bytes).HwError;
        return error;
    }

    /// <summary>CAPABILITIES, again with more room for as long as the program makes it.</summary>
    private async HostTask<Errno> ReadCapabilities(ICpu cpu)
    {
        for (int? room = Config.CpuidProgram.Room(Config.Knowledge); room is { } entries and <= MaxRoom;)
        {
            Errno error = await ReadCapabilities(cpu, entries);
            if (error != Errno.E2BIG)
                return error;
            room = Config.CpuidProgram.MoreRoom(entries);
        }
        return Errno.E2BIG;
    }

    private async HostTask<Errno> ReadCapabilities(ICpu cpu, int room)
    {
        byte[] bytes = new byte[KvmTdxCapabilities.FixedSize + 8 + (room * KvmCpuidEntry2.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(KvmTdxCapabilities.NrConfigsOffset), (uint)room);
        user.TryWrite(scratch + DataAt, bytes);
        Errno error = await Command(cpu, null, TdxCommand.Capabilities, scratch + DataAt);
        if (error != Errno.Ok)
            return error;
        user.TryRead(scratch + DataAt, bytes);
        Configurable = ParseConfigurable(bytes);
        return Errno.Ok;
    }

    private List<KvmCpuidEntry2> ParseConfigurable(byte[] bytes)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(KvmTdxCapabilities.NrConfigsOffset));
        if (KvmTdxCapabilities.UsesCpuid2(kvm.Options.Layout))
            return KvmCpuid2.ParseEntries(bytes.AsSpan(KvmTdxCapabilities.EntriesOffset), count);
        List<KvmCpuidEntry2> entries = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> record = bytes.AsSpan(
                KvmTdxCapabilities.SeriesConfigsOffset + (i * KvmTdxCapabilities.SeriesConfigSize));
            uint Word(ReadOnlySpan<byte> at, int word) => BinaryPrimitives.ReadUInt32LittleEndian(at[(4 * word)..]);
            uint index = Word(record, 1) == CpuidConfig.NoSubLeaf ? 0 : Word(record, 1);
            CpuidValue mask = new(Word(record, 2), Word(record, 3), Word(record, 4), Word(record, 5));
            entries.Add(new KvmCpuidEntry2(Word(record, 0), index, 0, mask));
        }
        return entries;
    }

    private async HostTask<Errno> InitVm(ICpu cpu)
    {
        CpuidKnowledge knowledge = Config.Knowledge;
        Dictionary<(uint, uint), CpuidValue> native = await ReadNative(cpu);
        CpuidSituation situation = new(
            knowledge, Configurable, Policy.Report(kvm.CpuidContext with { Module = knowledge.Known }),
            (leaf, index) => native.GetValueOrDefault((leaf, index)));
        IReadOnlyList<CpuidDecision> decisions = Config.CpuidProgram.Decide(situation);
        if (knowledge.Believed.Count != 0)
            belief = GuestCpuid.Belief(knowledge.Believed, decisions);
        initEntries = IsWhole
            ? GuestCpuid.Whole(knowledge.Believed, decisions, Config.Xfam)
            : [.. decisions.Select(d => KvmCpuidEntry2.For(d.Leaf, d.Index, d.Value))];
        if (IsWhole)
            GuestCpuid.ProvideAddressSizes(initEntries);
        for (int i = 0; i < initEntries.Count; i++)
            initEntries[i] = Personal(initEntries[i]);
        List<KvmCpuidEntry2> entries = [.. initEntries];
        if (Policy.VcpuCpuid == VcpuCpuidSource.InitVcpuReads)
            GuestCpuid.Merge(entries, Config.ParavirtualCpuid);
        KvmTdxInitVm init = new()
        {
            Attributes = Config.Attributes, Xfam = Config.Xfam, MrConfigId = Config.MrConfigId,
            MrOwner = Config.MrOwner, MrOwnerConfig = Config.MrOwnerConfig,
        };
        user.TryWrite(scratch + DataAt, init.ToBytes(entries, kvm.Options.InitVmLayout));
        return await Command(cpu, null, TdxCommand.InitVm, scratch + DataAt);
    }

    /// <summary>CPUID of the host in every leaf a program may want to copy.</summary>
    private async HostTask<Dictionary<(uint, uint), CpuidValue>> ReadNative(ICpu cpu)
    {
        CpuidKnowledge knowledge = Config.Knowledge;
        Dictionary<(uint, uint), CpuidValue> native = [];
        foreach (KvmCpuidEntry2 config in Configurable)
            native[(config.Function, config.Index)] = await cpu.Cpuid(config.Function, config.Index);
        foreach (CpuidConfig config in knowledge.Known.Concat(knowledge.Documented))
            if (!native.ContainsKey((config.Leaf, config.Index)))
                native[(config.Leaf, config.Index)] = await cpu.Cpuid(config.Leaf, config.Index);
        return native;
    }

    /// <summary>An entry of INIT_VM with what the command line changes, and the GPA width.</summary>
    private KvmCpuidEntry2 Personal(KvmCpuidEntry2 entry)
    {
        CpuidValue value = entry.Value;
        foreach (CpuidBits bits in Config.Cpuid)
            if (bits.Leaf == entry.Function && bits.Subleaf == entry.Index)
                value = Apply(value, bits);
        return entry.Function == AddressSizes
            ? entry with { Value = WithGuestBits(value, Config.GuestPhysicalBits) }
            : entry with { Value = value };
    }

    /// <summary>
    /// Asks what the TD will see, where there is a command for it and the program cares, and tells KVM about the vCPUs.
    /// </summary>
    private async HostTask<Errno> SetCpuid(ICpu cpu)
    {
        Errno error = Errno.Ok;
        if (Policy.HasGetCpuid && Config.CpuidProgram.ReadsBack)
            error = await ReadBack(cpu);
        if (error != Errno.Ok)
            return error;
        Cpuid = VcpuEntries();
        UserView = readBack is null && belief is not null ? Finished([.. belief]) : Cpuid;
        if (Policy.VcpuCpuid != VcpuCpuidSource.SetCpuid2)
            return Errno.Ok;
        user.TryWrite(scratch + DataAt, KvmCpuid2.ToBytes(Cpuid));
        foreach (VcpuTdx vcpu in Td!.TdVcpus)
        {
            error = vcpu.SetCpuid2(user, scratch + DataAt);
            if (error != Errno.Ok)
                return error;
        }
        return Errno.Ok;
    }

    private async HostTask<Errno> ReadBack(ICpu cpu)
    {
        byte[] bytes = new byte[KvmCpuid2.HeaderSize + (KvmUapi.MaxCpuidEntries * KvmCpuidEntry2.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, KvmUapi.MaxCpuidEntries);
        user.TryWrite(scratch + DataAt, bytes);
        VcpuTdx first = Td!.TdVcpus.First();
        Errno error = await Command(cpu, first, TdxCommand.GetCpuid, scratch + DataAt);
        if (error != Errno.Ok)
            return error;
        user.TryRead(scratch + DataAt, bytes);
        Notice(KvmCpuid2.ParseEntries(
            bytes.AsSpan(KvmCpuid2.EntriesOffset), BinaryPrimitives.ReadInt32LittleEndian(bytes)));
        return Errno.Ok;
    }

    /// <summary>INIT_VCPU; where it takes CPUID, the array goes along and what comes back is looked at.</summary>
    private async HostTask<Errno> InitVcpu(ICpu cpu, VcpuTdx vcpu)
    {
        if (Policy.VcpuCpuid == VcpuCpuidSource.SetCpuid2)
            return await Command(cpu, vcpu, TdxCommand.InitVcpu, Config.InitialRcx);
        byte[] bytes = KvmTdxInitVcpu.ToBytes(Config.InitialRcx, Cpuid);
        user.TryWrite(scratch + DataAt, bytes);
        Errno error = await Command(cpu, vcpu, TdxCommand.InitVcpu, scratch + DataAt);
        if (error != Errno.Ok || Policy.VcpuCpuid != VcpuCpuidSource.InitVcpuReads || readBack is not null)
            return error;
        user.TryRead(scratch + DataAt, bytes);
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(KvmTdxInitVcpu.CpuidOffset));
        List<KvmCpuidEntry2> answer =
            KvmCpuid2.ParseEntries(bytes.AsSpan(KvmTdxInitVcpu.EntriesOffset), count);
        if (Config.CpuidProgram.ReadsBack)
            Notice(answer);
        if (Config.CpuidProgram.ReadsBack || belief is null)
            Cpuid = UserView = answer;
        return Errno.Ok;
    }

    private void Notice(List<KvmCpuidEntry2> found)
    {
        readBack = found;
        if (belief is not null)
            Noticed = GuestCpuid.Differences(
                belief, found, (leaf, index) => Policy.Visible(kvm.CpuidContext, leaf, index));
    }

    /// <summary>The array for the vCPUs: values, or with P2 leaves whose values KVM fills in.</summary>
    private List<KvmCpuidEntry2> VcpuEntries()
    {
        if (readBack is not null)
            return Finished([.. readBack]);
        if (Policy.RepeatsInitVm || (IsWhole && belief is null))
            return Finished([.. initEntries]);
        return Finished(belief is not null ? [.. belief] : Offered());
    }

    /// <summary>What a VMM knows about CPUID without having read anything back: KVM_GET_SUPPORTED_CPUID.</summary>
    private List<KvmCpuidEntry2> Offered() =>
        [.. kvm.SupportedCpuid.Where(entry => !ParavirtualLeaves.Contains(entry.Function))];

    /// <summary>With GPA width and the hypervisor's own leaves.</summary>
    private List<KvmCpuidEntry2> Finished(List<KvmCpuidEntry2> entries)
    {
        if (readBack is null)
            GuestCpuid.ProvideAddressSizes(entries);
        entries = WithAddressSizes(entries);
        GuestCpuid.Merge(entries, Config.ParavirtualCpuid);
        return entries;
    }

    private List<KvmCpuidEntry2> WithAddressSizes(List<KvmCpuidEntry2> entries)
    {
        int bits = Config.VcpuGuestPhysicalBits ?? Config.GuestPhysicalBits;
        int at = entries.FindIndex(entry => entry.Function == AddressSizes);
        KvmCpuidEntry2 entry = at < 0 ? new KvmCpuidEntry2(AddressSizes, 0, 0, default) : entries[at];
        entry = entry with { Value = WithGuestBits(entry.Value, bits) };
        if (at < 0)
            entries.Add(entry);
        else
            entries[at] = entry;
        return entries;
    }

    /// <summary>The GPA width where KVM looks for it: EAX[23:16], before the series EAX[7:0].</summary>
    private CpuidValue WithGuestBits(CpuidValue value, int bits) => IsWhole
        ? value with { Eax = (value.Eax & ~0xFFU) | (uint)bits }
        : value with { Eax = (value.Eax & 0xFF00_FFFF) | (uint)bits << 16 };

    private static CpuidValue Apply(CpuidValue value, CpuidBits bits) => bits.Register switch
    {
        0 => value with { Eax = (value.Eax | bits.Set) & ~bits.Clear },
        1 => value with { Ebx = (value.Ebx | bits.Set) & ~bits.Clear },
        2 => value with { Ecx = (value.Ecx | bits.Set) & ~bits.Clear },
        _ => value with { Edx = (value.Edx | bits.Set) & ~bits.Clear },
    };
}
