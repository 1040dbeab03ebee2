using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm;

/// <content>Commands, capabilities and CPUID.</content>
public sealed partial class TdVmm
{
    private const ulong ScratchBytes = 1UL << 16, CommandAt = 0, DataAt = 4096;
    private const uint AddressSizes = 0x8000_0008;

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

    private async HostTask<Errno> ReadCapabilities(ICpu cpu)
    {
        byte[] bytes = new byte[KvmTdxCapabilities.FixedSize + 8 + (KvmUapi.MaxCpuidEntries * KvmCpuidEntry2.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(KvmTdxCapabilities.NrConfigsOffset), KvmUapi.MaxCpuidEntries);
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
        List<KvmCpuidEntry2> entries = [];
        foreach (KvmCpuidEntry2 config in Configurable)
        {
            CpuidValue value = await cpu.Cpuid(config.Function, config.Index) & config.Value;
            foreach (CpuidBits bits in Config.Cpuid)
                if (bits.Leaf == config.Function && bits.Subleaf == config.Index)
                    value = Apply(value, bits);
            if (config.Function == AddressSizes)
                value = WithGuestBits(value, Config.GuestPhysicalBits);
            uint flags = HasSubleaves(config.Function) ? KvmUapi.CpuidFlagSignificantIndex : 0;
            entries.Add(new KvmCpuidEntry2(config.Function, config.Index, flags, value));
        }
        KvmTdxInitVm init = new()
        {
            Attributes = Config.Attributes, Xfam = Config.Xfam, MrConfigId = Config.MrConfigId,
            MrOwner = Config.MrOwner, MrOwnerConfig = Config.MrOwnerConfig,
        };
        user.TryWrite(scratch + DataAt, init.ToBytes(entries));
        return await Command(cpu, null, TdxCommand.InitVm, scratch + DataAt);
    }

    /// <summary>Asks what the TD will see and tells KVM the same about its vCPUs.</summary>
    private async HostTask<Errno> SetCpuid(ICpu cpu)
    {
        byte[] bytes = new byte[KvmCpuid2.HeaderSize + (KvmUapi.MaxCpuidEntries * KvmCpuidEntry2.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, KvmUapi.MaxCpuidEntries);
        user.TryWrite(scratch + DataAt, bytes);
        VcpuTdx first = Td!.TdVcpus.First();
        Errno error = await Command(cpu, first, TdxCommand.GetCpuid, scratch + DataAt);
        if (error != Errno.Ok)
            return error;
        user.TryRead(scratch + DataAt, bytes);
        int count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        Cpuid = WithAddressSizes(KvmCpuid2.ParseEntries(bytes.AsSpan(KvmCpuid2.EntriesOffset), count));
        user.TryWrite(scratch + DataAt, KvmCpuid2.ToBytes(Cpuid));
        foreach (VcpuTdx vcpu in Td.TdVcpus)
        {
            error = vcpu.SetCpuid2(user, scratch + DataAt);
            if (error != Errno.Ok)
                return error;
        }
        return Errno.Ok;
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

    private static CpuidValue WithGuestBits(CpuidValue value, int bits) =>
        value with { Eax = (value.Eax & 0xFF00_FFFF) | (uint)bits << 16 };

    private static CpuidValue Apply(CpuidValue value, CpuidBits bits) => bits.Register switch
    {
        0 => value with { Eax = (value.Eax | bits.Set) & ~bits.Clear },
        1 => value with { Ebx = (value.Ebx | bits.Set) & ~bits.Clear },
        2 => value with { Ecx = (value.Ecx | bits.Set) & ~bits.Clear },
        _ => value with { Edx = (value.Edx | bits.Set) & ~bits.Clear },
    };

    /// <summary>Leaves whose answer depends on ECX. SDM vol. 2A, CPUID.</summary>
    private static bool HasSubleaves(uint leaf) =>
        leaf is 4 or 7 or 0xB or 0xD or 0xF or 0x10 or 0x12 or 0x14 or 0x17 or 0x18 or 0x1D or 0x1F or 0x20 or 0x23
            or 0x24;
}
