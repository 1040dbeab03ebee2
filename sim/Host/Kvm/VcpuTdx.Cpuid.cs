using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>KVM_TDX_GET_CPUID (patch 21), and INIT_VCPU and KVM_SET_CPUID2 as far as CPUID goes.</content>
public sealed partial class VcpuTdx
{
    private ICpuidPolicy Policy => vm.Kvm.Options.CpuidPolicy;

    private protected override Errno CheckCpuid(IReadOnlyList<KvmCpuidEntry2> entries) =>
        Policy.SetCpuid2(vm.Features, entries);

    /// <summary>
    /// Initial RCX and the CPUID the vCPU has after INIT_VCPU. Data is RCX itself, or, with a policy that lets
    /// INIT_VCPU write the CPUID, a pointer to <see cref="KvmTdxInitVcpu"/>.
    /// </summary>
    private async HostTask<(Errno Error, ulong InitialRcx, IReadOnlyList<KvmCpuidEntry2> Cpuid)> CpuidOfInit(
        ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        if (Policy.VcpuCpuid == VcpuCpuidSource.SetCpuid2)
            return (Errno.Ok, command.Data, Cpuid);
        byte[] header = new byte[KvmTdxInitVcpu.FixedSize + KvmCpuid2.HeaderSize];
        if (!user.TryRead(command.Data, header))
            return (Errno.EFAULT, 0, []);
        KvmTdxInitVcpu init = KvmTdxInitVcpu.Parse(header);
        if (init.Count > KvmUapi.MaxCpuidEntries)
            return (Errno.E2BIG, 0, []);
        byte[] bytes = new byte[init.Count * KvmCpuidEntry2.Size];
        if (!user.TryRead(command.Data + KvmTdxInitVcpu.EntriesOffset, bytes))
            return (Errno.EFAULT, 0, []);
        if (init.Padding != 0)
            return (Errno.EINVAL, 0, []);
        List<KvmCpuidEntry2> entries = KvmCpuid2.ParseEntries(bytes, (int)init.Count);
        VcpuCpuid made = await Policy.InitVcpu(vm.Kvm.CpuidContext, vm.Features, new TdCpuid(vm, cpu), entries);
        if (made.Error == Errno.Ok && made.Answer is { } answer
            && !user.TryWrite(command.Data + KvmTdxInitVcpu.CpuidOffset, KvmCpuid2.ToBytes(answer)))
            return (Errno.EFAULT, 0, []);
        return (made.Error, init.InitialRcx, made.Installed);
    }

    private async HostTask<Errno> GetCpuid(ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        if (!Policy.HasGetCpuid)
            return Errno.EINVAL;
        byte[] capacity = new byte[4];
        if (!user.TryRead(command.Data, capacity))
            return Errno.EFAULT;
        CpuidReadout readout = await Policy.GetCpuid(vm.Kvm.CpuidContext, new TdCpuid(vm, cpu));
        if (readout.Error != Errno.Ok)
            return readout.Error;
        byte[] answer = KvmCpuid2.ToBytes(readout.Entries);
        // The posting did not look at the capacity and could write past the user's array.
        bool checks = vm.Kvm.Options.Flavour == KvmFlavour.Upstream;
        if (checks && BinaryPrimitives.ReadUInt32LittleEndian(capacity) < readout.Entries.Count)
            return user.TryWrite(command.Data, answer.AsSpan(0, 4)) ? Errno.E2BIG : Errno.EFAULT;
        bool written = user.TryWrite(command.Data, answer.AsSpan(0, 4))
            && user.TryWrite(command.Data + KvmCpuid2.EntriesOffset, answer.AsSpan(KvmCpuid2.EntriesOffset));
        return written ? Errno.Ok : Errno.EFAULT;
    }

    /// <summary>Reads CPUID_VALUES with MNG.RD.</summary>
    private sealed class TdCpuid(KvmTdx vm, ICpu cpu) : ITdCpuid
    {
        public int GuestPhysicalBits => vm.Ept.SharedBit + 1;

        public async HostTask<CpuidValue?> Read(uint leaf, uint? subleaf)
        {
            if (TdFields.CpuidValues(leaf, subleaf, 0) is not { } low
                || TdFields.CpuidValues(leaf, subleaf, 1) is not { } high)
                return null;
            SeamcallResult first = await vm.Kvm.Kernel.Tdh.MngRd(cpu, vm.Tdr, low);
            if (!first.Ok)
                return null;
            SeamcallResult second = await vm.Kvm.Kernel.Tdh.MngRd(cpu, vm.Tdr, high);
            return second.Ok
                ? new CpuidValue(
                    (uint)first.R8, (uint)(first.R8 >> 32), (uint)second.R8, (uint)(second.R8 >> 32))
                : null;
        }
    }
}
