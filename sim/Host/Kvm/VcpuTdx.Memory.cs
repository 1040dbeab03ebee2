using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>KVM_TDX_INIT_MEM_REGION: the TD's first contents.</content>
public sealed partial class VcpuTdx
{
    private const ulong ExtendChunk = 256;

    private async HostTask<Errno> InitMemRegion(ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        if (!IsInitialized || (command.Flags & ~KvmUapi.MeasureMemoryRegion) != 0)
            return Errno.EINVAL;
        byte[] bytes = new byte[KvmTdxInitMemRegion.Size];
        if (!user.TryRead(command.Data, bytes))
            return Errno.EFAULT;
        KvmTdxInitMemRegion region = KvmTdxInitMemRegion.Parse(bytes);
        if (!IsAcceptable(region))
            return Errno.EINVAL;
        Errno error = await LoadMmu(cpu);
        if (error != Errno.Ok)
            return error;
        bool measure = (command.Flags & KvmUapi.MeasureMemoryRegion) != 0;
        while (region.Pages != 0)
        {
            if (SignalPending)
            {
                error = Errno.EINTR;
                break;
            }
            error = vm.IsDead ? Errno.EIO : await Populate(cpu, user, region, measure);
            if (error != Errno.Ok)
                break;
            region = new(region.SourceAddress + 4096, region.Gpa + 4096, region.Pages - 1);
            await Kernel.Yield(cpu);
        }
        // Progress goes back to user space, also when it ended early.
        return user.TryWrite(command.Data, region.ToBytes()) ? error : Errno.EFAULT;
    }

    private bool IsAcceptable(in KvmTdxInitMemRegion region)
    {
        if (((region.SourceAddress | region.Gpa) & 0xFFF) != 0 || region.Pages == 0)
            return false;
        UInt128 end = region.Gpa + ((UInt128)region.Pages << 12);
        return end <= ulong.MaxValue && vm.IsPrivateGpa(region.Gpa) && vm.IsPrivateGpa((ulong)end - 1);
    }

    private async HostTask<Errno> Populate(ICpu cpu, IUserMemory user, KvmTdxInitMemRegion region, bool measure)
    {
        if (vm.Memory.Find(region.Gpa) is not { Memfd: not null } slot)
            return Errno.EINVAL;
        if (slot.Memfd.IsClosed)
            return Errno.EFAULT;
        if (vm.Private.IsMapped(region.Gpa))
            return Errno.EEXIST;
        if (!vm.Memory.IsPrivate(region.Gpa))
            return Errno.EINVAL;
        if (!user.TryPin(region.SourceAddress, out Hpa source))
            return Errno.EFAULT;
        Errno error = await vm.Private.Map(cpu, region.Gpa, slot);
        if (error is Errno.EBUSY or Errno.EAGAIN)
            return Errno.EBUSY;
        if (error == Errno.Ok)
            error = await vm.Private.Add(cpu, region.Gpa, source);
        return error == Errno.Ok && measure ? await Measure(cpu, region.Gpa) : error;
    }

    private async HostTask<Errno> Measure(ICpu cpu, ulong gpa)
    {
        for (ulong chunk = gpa; chunk < gpa + 4096; chunk += ExtendChunk)
        {
            SeamcallResult result = await Kernel.Tdh.MrExtend(cpu, vm.Tdr, new Gpa(chunk));
            if (result.Ok)
                continue;
            SeamcallArguments arguments = new() { Rcx = chunk, Rdx = vm.Tdr.Value };
            vm.Report(cpu, SeamcallLeaf.TDH_MR_EXTEND, arguments, result, 2);
            return Errno.EIO;
        }
        return Errno.Ok;
    }
}
