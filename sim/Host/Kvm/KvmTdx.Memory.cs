using Seamsim.Host.Kernel;

namespace Seamsim.Host.Kvm;

/// <content>Memory slots and private attributes.</content>
public sealed partial class KvmTdx
{
    /// <summary>KVM_CREATE_GUEST_MEMFD.</summary>
    public GuestMemfd CreateGuestMemfd() => new(Kernel);

    /// <summary>KVM_SET_USER_MEMORY_REGION2, new slots only.</summary>
    public Errno AddMemorySlot(MemorySlot slot) => IsDead ? Errno.EIO : Memory.Add(slot);

    /// <summary>
    /// KVM_SET_MEMORY_ATTRIBUTES: pages that stop being private leave the TD, pages that become private leave the
    /// shared EPT. -EINVAL when the range is empty, unaligned or wraps.
    /// </summary>
    public async HostTask<Errno> SetMemoryAttributes(ICpu cpu, ulong gpa, ulong bytes, bool isPrivate)
    {
        if (IsDead)
            return Errno.EIO;
        if (bytes == 0 || ((gpa | bytes) & 0xFFF) != 0 || gpa + bytes < gpa)
            return Errno.EINVAL;
        Memory.SetPrivate(gpa, bytes, isPrivate);
        if (isPrivate)
        {
            foreach (VcpuTdx vcpu in TdVcpus)
                for (ulong page = gpa; page < gpa + bytes; page += PageAllocator.PageSize)
                    vcpu.UnmapShared(page);
            // Stale shared translations go with VP.FLUSH, whose INVEPT covers all of the TD's address spaces.
            foreach (VcpuTdx vcpu in TdVcpus)
                if (vcpu.AssociatedCpu is { } there)
                    await Kernel.OnCpu(cpu, there, vcpu.Flush);
            return Errno.Ok;
        }
        return await Private.ZapRange(cpu, gpa, bytes);
    }
}
