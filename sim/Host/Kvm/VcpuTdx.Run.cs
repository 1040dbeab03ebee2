using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <content>KVM_RUN: the VP.ENTER loop and what interrupts it.</content>
public sealed partial class VcpuTdx
{
    private const uint SelfIpiMsr = 0x83F;
    private const int PostedOutstandingByte = 32;
    private readonly TdvmcallMsrs msrs;
    private SeamcallArguments registers;
    private Action? completeUserExit;
    private bool nmiPending;

    /// <summary>Exits this vCPU had, by VMX exit reason; −1 counts those without one.</summary>
    public SortedDictionary<int, int> Exits { get; } = [];

    /// <summary>Status of the last VP.ENTER.</summary>
    public TdxStatus LastStatus { get; private set; }

    /// <summary>What a vCPU does after an exit was looked at.</summary>
    private enum Next
    {
        Reenter, ToUser, Efault, Dead,
    }

    /// <inheritdoc/>
    public override async HostTask<Errno> Run(ICpu cpu)
    {
        cpu.Charge("kernel.syscall");
        if (vm.IsDead)
            return Errno.EIO;
        if (!IsInitialized || vm.State != TdState.Runnable)
            return Errno.EINVAL;
        HasRun = true;
        Action? complete = completeUserExit;
        completeUserExit = null;
        complete?.Invoke();
        if (mapGpa is not null)
        {
            NextChunk();
            return Errno.Ok;
        }
        // vcpu_load: before anything else is written to it here, the processor it last ran on lets go of it.
        if (AssociatedCpu is { } there && there != cpu)
            await Kernel.OnCpu(cpu, there, Flush);
        // VP.WR associates as VP.ENTER does: who never gets as far as the latter is flushed here too.
        AssociatedCpu = cpu;
        Errno error = await LoadMmu(cpu);
        if (error != Errno.Ok)
            return error;
        while (true)
        {
            if (SignalPending || RunPage.ImmediateExit)
            {
                RunPage.Begin(KvmExit.Intr);
                return Errno.EINTR;
            }
            Next next = await EnterOnce(cpu);
            if (next == Next.Dead || (vm.IsDead && next == Next.Reenter))
                return Errno.EIO;
            if (next != Next.Reenter)
                return next == Next.Efault ? Errno.EFAULT : Errno.Ok;
            // Interrupt work and other flows of this processor come before the next entry.
            await Kernel.Yield(cpu);
        }
    }

    /// <summary>Delivers an interrupt: posted into the descriptor, signalled when the vCPU is entered next.</summary>
    public void PostInterrupt(byte vector)
    {
        Span<byte> one = stackalloc byte[1];
        Hpa pir = postedDescriptor + (ulong)(vector >> 3);
        Kernel.Platform.Memory.Read(pir, one);
        one[0] |= (byte)(1 << (vector & 7));
        Kernel.Platform.Memory.Write(pir, one);
        Kernel.Platform.Memory.Write(postedDescriptor + PostedOutstandingByte, [1]);
    }

    /// <summary>Makes an NMI pending; further ones collapse into it.</summary>
    public void RaiseNmi() => nmiPending = true;

    private bool InterruptPosted
    {
        get
        {
            if (postedDescriptor == default)
                return false;
            Span<byte> outstanding = stackalloc byte[1];
            Kernel.Platform.Memory.Read(postedDescriptor + PostedOutstandingByte, outstanding);
            return (outstanding[0] & 1) != 0;
        }
    }

    private async HostTask<Next> EnterOnce(ICpu cpu)
    {
        while (vm.Private.KeepVcpusOut)
            await Kernel.Poll(cpu);
        if (nmiPending && !await Write(cpu, TdFields.PendNmi, 1, 0xFF))
            return Next.Dead;
        nmiPending = false;
        if (InterruptPosted)
            await cpu.Wrmsr(SelfIpiMsr, PostedInterruptVector);

        SeamcallArguments arguments = registers;
        arguments.Rcx = Tdvpr.Value;
        InGuestOn = cpu;
        AssociatedCpu = cpu;
        SeamcallResult result = await Kernel.Tdh.VpEnter(cpu, arguments);
        InGuestOn = null;
        cpu.Charge("kvm.exit_dispatch");
        registers = result.Registers;
        LastStatus = result.Status;
        int reason = ExitReason(result.Status);
        Exits[reason] = Exits.GetValueOrDefault(reason) + 1;
        return await Dispatch(cpu, arguments, result, reason);
    }
}
