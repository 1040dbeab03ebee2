using System.Globalization;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>What KVM makes of a TD exit.</content>
public sealed partial class VcpuTdx
{
    private const int ExceptionNmi = 0, ExternalInterrupt = 1, TripleFault = 2, OtherSmi = 6, EptViolation = 48,
                      EptMisconfig = 49, Tdcall = 77, NoReason = -1;
    private const uint EndOfInterruptMsr = 0x80B;
    private const ulong FailedEntry = 1UL << 31, FetchAccess = 4, AnyPermission = 7UL << 3;
    private const uint PendingEptViolation = 6;

    /// <summary>
    /// The VMX exit reason a VP.ENTER status carries, or −1. KVM compares the upper half with its own list of
    /// statuses; two of Linux 6.16's literals differ from the module's values.
    /// </summary>
    private int ExitReason(TdxStatus status)
    {
        ReadOnlySpan<ulong> carrying = vm.Kvm.Options.LiteralStatusValues
            ? [0, 0x4000_0001_0000_0000, 0x4000_0002_0000_0000, 0x6000_0005_0000_0000, 0x6000_0007_0000_0000]
            :
            [
                0, TdxStatus.NonRecoverableVcpu.Value, TdxStatus.NonRecoverableTd.Value,
                TdxStatus.NonRecoverableTdNonAccessible.Value, TdxStatus.NonRecoverableTdWrongApicMode.Value,
            ];
        return carrying.Contains(status.Code.Value) ? (int)(status.Details & 0xFFFF) : NoReason;
    }

    private async HostTask<Next> Dispatch(
        ICpu cpu, SeamcallArguments arguments, SeamcallResult result, int reason)
    {
        TdxStatus status = result.Status;
        if (SoftwareStatus.IsSoftware(status))
        {
            vm.Kill(cpu, "SEAMCALL did not reach the TDX module");
            return Unexpected(cpu, arguments, result);
        }
        if (status.Value == EptMisconfig)
        {
            vm.Report(cpu, SeamcallLeaf.TDH_VP_ENTER, arguments, result, 3);
            vm.Kill(cpu, "EPT misconfiguration");
            return Next.Dead;
        }
        if (status.Is(TdxStatus.OperandBusy))
            return Next.Reenter;
        if (reason != NoReason && (status.Value & FailedEntry) != 0)
        {
            RunPage.Begin(KvmExit.FailEntry);
            RunPage.Put64(KvmRunOffsets.FailEntryReason, status.Details);
            RunPage.Put32(KvmRunOffsets.FailEntryCpu, (uint)cpu.Index);
            return Next.ToUser;
        }
        if ((status.IsError || status.IsNonRecoverable) && reason != TripleFault)
            return Unexpected(cpu, arguments, result);
        switch (reason)
        {
            case TripleFault:
                RunPage.Begin(KvmExit.Shutdown);
                return Next.ToUser;
            case ExceptionNmi:
                return Exception(result);
            case ExternalInterrupt:
                // The TD VMCS acknowledges interrupts on exit: what is left of the handler here is its end.
                await cpu.Wrmsr(EndOfInterruptMsr, 0);
                return Next.Reenter;
            case OtherSmi:
                return Next.Reenter;
            case EptViolation:
                return await Fault(cpu, result);
            case Tdcall:
                return await Tdvmcall(cpu);
            default:
                return Unexpected(cpu, arguments, result);
        }
    }

    private Next Unexpected(ICpu cpu, in SeamcallArguments arguments, in SeamcallResult result)
    {
        vm.Report(cpu, SeamcallLeaf.TDH_VP_ENTER, arguments, result, 3);
        RunPage.Begin(KvmExit.InternalError);
        RunPage.Put32(KvmRunOffsets.InternalSuberror, KvmUapi.InternalErrorUnexpectedExitReason);
        RunPage.Put32(KvmRunOffsets.InternalNdata, 2);
        RunPage.Put64(KvmRunOffsets.InternalData, result.Status.Value);
        RunPage.Put64(KvmRunOffsets.InternalData + 8, (ulong)cpu.Index);
        return Next.ToUser;
    }

    private Next Exception(in SeamcallResult result)
    {
        uint info = (uint)result.Registers.R9;
        uint vector = info & 0xFF, type = info >> 8 & 7;
        if (type == 2 || vector == (uint)Vector.MC)
            return Next.Reenter; // NMI and machine check belong to the host
        RunPage.Begin(KvmExit.Exception);
        RunPage.Put32(KvmRunOffsets.ExceptionVector, vector);
        return Next.ToUser;
    }

    private async HostTask<Next> Fault(ICpu cpu, SeamcallResult result)
    {
        ulong qualification = result.Rcx, gpa = result.R8;
        if (!vm.IsPrivateGpa(gpa))
            return SharedFault(cpu, gpa, qualification);
        bool pending = (result.Rdx & 0xF) == PendingEptViolation && (qualification & AnyPermission) == 0;
        if (pending)
        {
            Kernel.Log(cpu, string.Create(
                CultureInfo.InvariantCulture, $"kvm_intel: Guest access before accepting 0x{gpa:x} on vCPU {Id}"));
            vm.Kill(cpu, "a private page was used before it was accepted");
            return Next.Dead;
        }
        if (vm.Memory.Find(gpa) is not { Memfd: not null } slot || !vm.Memory.IsPrivate(gpa))
            return MemoryFault(gpa, isPrivate: true);
        while (true)
        {
            // Retried here, not through VP.ENTER: the module counts repeated faults of one instruction as an attack.
            Errno error = await vm.Private.Map(cpu, gpa & ~0xFFFUL, slot);
            if (error is not (Errno.EBUSY or Errno.EAGAIN))
                return error == Errno.Ok ? Next.Reenter : Next.Dead;
            if (vm.IsDead || SignalPending || InterruptPosted || nmiPending)
                return Next.Reenter;
            await Kernel.Poll(cpu);
        }
    }

    private Next SharedFault(ICpu cpu, ulong gpa, ulong qualification)
    {
        cpu.Charge("kvm.mmu_fault");
        if ((qualification & FetchAccess) != 0)
        {
            vm.Kill(cpu, "instruction fetch from shared memory");
            return Next.Dead;
        }
        ulong address = vm.StripShared(gpa);
        bool mapped;
        if (vm.Memory.Find(address) is not { } slot)
            mapped = sharedEpt!.MapMmio(gpa);
        else if (vm.Memory.IsPrivate(address))
            return MemoryFault(address, isPrivate: false);
        else
            mapped = slot.User.TryPin(slot.UserAddress + (address - slot.Gpa & ~0xFFFUL), out Hpa page)
                && sharedEpt!.Map(gpa & ~0xFFFUL, page);
        return mapped ? Next.Reenter : Next.Efault;
    }

    private Next MemoryFault(ulong gpa, bool isPrivate)
    {
        RunPage.Begin(KvmExit.MemoryFault);
        RunPage.Put64(KvmRunOffsets.MemoryFaultFlags, isPrivate ? 1UL << 3 : 0);
        RunPage.Put64(KvmRunOffsets.MemoryFaultGpa, gpa & ~0xFFFUL);
        RunPage.Put64(KvmRunOffsets.MemoryFaultSize, 4096);
        return Next.Efault;
    }

    /// <summary>Takes a shared page out of the vCPU's EPT (its slot or attribute changed).</summary>
    internal void UnmapShared(ulong gpa) => sharedEpt?.Unmap(gpa | vm.Ept.GfnDirectBits << 12);
}
