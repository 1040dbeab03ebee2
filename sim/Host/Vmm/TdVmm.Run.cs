using System.Globalization;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Vmm;

/// <content>vCPU threads and exits to user space.</content>
public sealed partial class TdVmm
{
    private const ushort ExitPort = 0xF4;
    private const int MaxReport = 1 << 16;
    private const ulong MemoryFaultPrivate = 1UL << 3, MapPrivate = 1UL << 4;
    private readonly List<uint> report = [];
    private int exits;
    private bool ending;

    /// <summary>Port to which a guest writes a report, dword by dword.</summary>
    public const ushort ReportPort = 0x5E8;

    /// <summary>What the guest reported; what goes beyond 65,536 dwords is dropped.</summary>
    public IReadOnlyList<uint> Report => report;

    /// <summary>Exits to user space, all vCPUs.</summary>
    public int ExitCount => exits;

    /// <summary>
    /// Runs every vCPU until the TD ends: one thread each, vCPU n on online processor n modulo their number. Returns
    /// when all threads are back on <paramref name="cpu"/>.
    /// </summary>
    public async HostTask<TdEnd> Run(ICpu cpu)
    {
        ICpu[] cpus = [.. Kernel.Cpus.Online];
        List<HostTask<Errno>> threads = [];
        int first = Array.IndexOf(cpus, cpu);
        foreach (VcpuTdx vcpu in Td!.TdVcpus)
        {
            ICpu there = cpus[(first + vcpu.Id) % cpus.Length];
            threads.Add(Kernel.StartOn(cpu, there, on => Thread(on, vcpu)));
        }
        foreach (HostTask<Errno> thread in threads)
            await thread;
        if (End == TdEnd.NotRun)
            End = TdEnd.Finished;
        return End;
    }

    /// <summary>Ends the TD from outside: every vCPU leaves it as soon as the architecture allows.</summary>
    public void Stop(string reason) => Finish(TdEnd.Stopped, reason);

    private async HostTask<Errno> Thread(ICpu cpu, VcpuTdx vcpu)
    {
        while (!ending)
        {
            Errno error = await vcpu.Run(cpu);
            if (ending)
                break;
            cpu.Charge("vmm.exit");
            if (++exits > Config.MaxExits)
                Finish(TdEnd.Stopped, "too many exits");
            else if (error is Errno.Ok or Errno.EINTR)
                await Handle(cpu, vcpu);
            else if (error == Errno.EFAULT && vcpu.RunPage.ExitReason == KvmExit.MemoryFault)
                await Convert(cpu, vcpu.RunPage);
            else
                Finish(TdEnd.HostFailed, $"KVM_RUN: -{error}");
            if (isHalted[vcpu.Id])
                break;
            await Kernel.Yield(cpu);
        }
        return Errno.Ok;
    }

    private async HostTask Handle(ICpu cpu, VcpuTdx vcpu)
    {
        KvmRun run = vcpu.RunPage;
        switch (run.ExitReason)
        {
            case KvmExit.Io:
                Io(run);
                break;
            case KvmExit.Mmio:
                if (run.U8(KvmRunOffsets.MmioIsWrite) == 0)
                    run.Put64(KvmRunOffsets.MmioData, ulong.MaxValue);
                break;
            case KvmExit.Hlt:
                isHalted[vcpu.Id] = true;
                break;
            case KvmExit.Intr:
                break;
            case KvmExit.Hypercall:
                await MapRange(cpu, run);
                break;
            case KvmExit.Tdx:
                if (run.U64(KvmRunOffsets.TdxNr) == Ghci.SetupEventNotifyInterrupt)
                    run.Put64(KvmRunOffsets.TdxRet, Ghci.Success);
                break;
            case KvmExit.Shutdown:
                Finish(TdEnd.Shutdown, "triple fault");
                break;
            case KvmExit.SystemEvent:
                ulong code = run.U64(KvmRunOffsets.SystemEventData + (12 * 8));
                Finish(TdEnd.GuestFailed, Text($"the guest reported a fatal error, 0x{code:x}"));
                break;
            default:
                Finish(TdEnd.HostFailed, Text($"{run.ExitReason}, VP.ENTER status {vcpu.LastStatus}"));
                break;
        }
    }

    private void Io(KvmRun run)
    {
        ushort port = run.U16(KvmRunOffsets.IoPort);
        bool write = run.U8(KvmRunOffsets.IoDirection) == 1;
        uint value = run.U32(KvmRun.IoDataOffset);
        if (SerialPort.Owns(port) && write)
            serial.Write(port, (byte)value);
        else if (SerialPort.Owns(port))
            run.Put32(KvmRun.IoDataOffset, serial.Read(port));
        else if (port == ExitPort && write)
            Signal(value);
        else if (port == ReportPort && write)
            Take(value);
        else if (!write)
            run.Put32(KvmRun.IoDataOffset, uint.MaxValue);
    }

    private void Take(uint value)
    {
        if (report.Count < MaxReport)
            report.Add(value);
    }

    private void Signal(uint code)
    {
        GuestCode = code;
        Finish(code == 0 ? TdEnd.Finished : TdEnd.GuestFailed, code == 0 ? "" : Text($"the guest signalled {code}"));
    }

    private async HostTask MapRange(ICpu cpu, KvmRun run)
    {
        ulong gpa = run.U64(KvmRunOffsets.HypercallArgs), pages = run.U64(KvmRunOffsets.HypercallArgs + 8);
        bool isPrivate = (run.U64(KvmRunOffsets.HypercallArgs + 16) & MapPrivate) != 0;
        Errno error = await Td!.SetMemoryAttributes(cpu, gpa, pages << 12, isPrivate);
        run.Put64(KvmRunOffsets.HypercallRet, (ulong)error);
    }

    /// <summary>The TD used a page as private that is shared, or the other way round: the page follows.</summary>
    private async HostTask Convert(ICpu cpu, KvmRun run)
    {
        ulong gpa = run.U64(KvmRunOffsets.MemoryFaultGpa), bytes = run.U64(KvmRunOffsets.MemoryFaultSize);
        bool isPrivate = (run.U64(KvmRunOffsets.MemoryFaultFlags) & MemoryFaultPrivate) != 0;
        if (Td!.Memory.Find(gpa) is null)
            Finish(TdEnd.GuestFailed, Text($"the guest used memory it does not have, at 0x{gpa:x}"));
        else if (await Td.SetMemoryAttributes(cpu, gpa, bytes, isPrivate) is var error && error != Errno.Ok)
            Finish(TdEnd.HostFailed, $"KVM_SET_MEMORY_ATTRIBUTES: -{error}");
    }

    private void Finish(TdEnd end, string reason)
    {
        if (ending)
            return;
        ending = true;
        End = end;
        Reason = reason;
        foreach (VcpuTdx vcpu in Td!.TdVcpus)
        {
            vcpu.SignalPending = true;
            if (vcpu.InGuestOn is { } there)
                Kernel.Platform.Interrupt(there, static () => { });
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
