using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>KVM_TDX_GET_CPUID (patch 21).</content>
public sealed partial class VcpuTdx
{
    private async HostTask<Errno> GetCpuid(ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        byte[] capacity = new byte[4];
        if (!user.TryRead(command.Data, capacity))
            return Errno.EFAULT;
        CpuidReadout readout = await vm.Kvm.Options.CpuidPolicy.ReadBack(vm.Kvm.CpuidContext, new TdCpuid(vm, cpu));
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
