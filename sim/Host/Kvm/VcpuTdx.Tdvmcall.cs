using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>TDG.VP.VMCALL: what a TD asks its host for. Guest-Host Communication Interface 1.5.</content>
public sealed partial class VcpuTdx
{
    private const int CpuidReason = 10, HltReason = 12, IoReason = 30, RdmsrReason = 31, WrmsrReason = 32,
                      MmioReason = 48;
    private const ulong VapicPollIrq = 1, NoSuchHypercall = unchecked((ulong)-1000L);

    private async HostTask<Next> Tdvmcall(ICpu cpu)
    {
        if (registers.R10 != 0)
            return VendorHypercall();
        switch (registers.R11)
        {
            case CpuidReason:
                return EmulateCpuid();
            case HltReason:
                return await Halt(cpu);
            case IoReason:
                return Io();
            case RdmsrReason:
                registers.R11 = msrs.TryRead(registers.R12, out ulong value) ? value : registers.R11;
                return Answer(msrs.TryRead(registers.R12, out _) ? Ghci.Success : Ghci.InvalidOperand);
            case WrmsrReason:
                return Answer(msrs.TryWrite(registers.R12, registers.R13) ? Ghci.Success : Ghci.InvalidOperand);
            case MmioReason:
                return Mmio();
            case Ghci.GetTdVmCallInfo:
                return GetTdVmCallInfo();
            case Ghci.MapGpa:
                return MapGpa();
            case Ghci.GetQuote:
                return GetQuote();
            case Ghci.ReportFatalError:
                return ReportFatalError();
            case Ghci.SetupEventNotifyInterrupt:
                return SetupEventNotifyInterrupt();
            default:
                return Answer(Ghci.SubFuncUnsupported);
        }
    }

    private Next Answer(ulong code)
    {
        registers.R10 = code;
        return Next.Reenter;
    }

    private Next ToUser(KvmExit reason, Action complete)
    {
        completeUserExit = complete;
        RunPage.ExitReason = reason;
        return Next.ToUser;
    }

    private Next VendorHypercall()
    {
        if (registers.R10 == KvmUapi.HypercallMapGpaRange && MapGpaExits)
        {
            RunPage.Begin(KvmExit.Hypercall);
            PutHypercall(registers.R11, registers.R12, registers.R13);
            return ToUser(KvmExit.Hypercall, () => registers.R10 = RunPage.U64(KvmRunOffsets.HypercallRet));
        }
        return Answer(registers.R10 == VapicPollIrq ? 0 : NoSuchHypercall);
    }

    private Next EmulateCpuid()
    {
        CpuidValue value = LookUpCpuid((uint)registers.R12, (uint)registers.R13);
        registers.R12 = value.Eax;
        registers.R13 = value.Ebx;
        registers.R14 = value.Ecx;
        registers.R15 = value.Edx;
        return Answer(Ghci.Success);
    }

    /// <summary>
    /// The vCPU sleeps until an interrupt. Nothing in this machine can raise one while nobody runs, so a vCPU without a
    /// pending interrupt comes out to user space, which decides.
    /// </summary>
    private async HostTask<Next> Halt(ICpu cpu)
    {
        bool interruptsBlocked = registers.R12 != 0;
        Answer(Ghci.Success);
        if (InterruptPosted || nmiPending)
            return Next.Reenter;
        if (!interruptsBlocked)
        {
            SeamcallResult details = await Kernel.Tdh.VpRd(cpu, Tdvpr, TdFields.VcpuStateDetails);
            if (details.Ok && (details.R8 & 1) != 0)
                return Next.Reenter;
        }
        RunPage.Begin(KvmExit.Hlt);
        return Next.ToUser;
    }

    private Next Io()
    {
        ulong size = registers.R12, direction = registers.R13, port = registers.R14;
        if (size is not (1 or 2 or 4) || direction > 1 || port > 0xFFFF)
            return Answer(Ghci.InvalidOperand);
        bool write = direction == 1;
        RunPage.Begin(KvmExit.Io);
        RunPage.U8(KvmRunOffsets.IoDirection) = (byte)direction;
        RunPage.U8(KvmRunOffsets.IoSize) = (byte)size;
        RunPage.Put16(KvmRunOffsets.IoPort, (ushort)port);
        RunPage.Put32(KvmRunOffsets.IoCount, 1);
        RunPage.Put64(KvmRunOffsets.IoDataPointer, KvmRun.IoDataOffset);
        RunPage.Put64(KvmRun.IoDataOffset, write ? registers.R15 & Mask(size) : 0);
        return ToUser(KvmExit.Io, () =>
        {
            if (!write)
                registers.R11 = RunPage.U64(KvmRun.IoDataOffset) & Mask(size);
            Answer(Ghci.Success);
        });
    }

    private Next Mmio()
    {
        ulong size = registers.R12, direction = registers.R13, gpa = registers.R14;
        if (size is not (1 or 2 or 4 or 8) || direction > 1 || !IsLegalGpa(gpa) || vm.IsPrivateGpa(gpa)
            || (gpa & 0xFFF) + size > 4096)
            return Answer(Ghci.InvalidOperand);
        bool write = direction == 1;
        RunPage.Begin(KvmExit.Mmio);
        RunPage.Put64(KvmRunOffsets.MmioAddress, vm.StripShared(gpa));
        RunPage.Put64(KvmRunOffsets.MmioData, write ? registers.R15 & Mask(size) : 0);
        RunPage.Put32(KvmRunOffsets.MmioLength, (uint)size);
        RunPage.U8(KvmRunOffsets.MmioIsWrite) = (byte)direction;
        return ToUser(KvmExit.Mmio, () =>
        {
            if (!write)
                registers.R11 = RunPage.U64(KvmRunOffsets.MmioData) & Mask(size);
            Answer(Ghci.Success);
        });
    }

    private Next GetTdVmCallInfo()
    {
        switch (registers.R12)
        {
            case 0:
                registers.R11 = registers.R12 = registers.R13 = registers.R14 = 0;
                return Answer(Ghci.Success);
            case 1:
                BeginTdx(Ghci.GetTdVmCallInfo, Ghci.Success);
                RunPage.Put64(KvmRunOffsets.TdxInfoLeaf, registers.R12);
                return ToUser(KvmExit.Tdx, () =>
                {
                    registers.R11 = RunPage.U64(KvmRunOffsets.TdxInfoR11);
                    registers.R12 = RunPage.U64(KvmRunOffsets.TdxInfoR12);
                    registers.R13 = RunPage.U64(KvmRunOffsets.TdxInfoR13);
                    registers.R14 = RunPage.U64(KvmRunOffsets.TdxInfoR14);
                    Answer(RunPage.U64(KvmRunOffsets.TdxRet));
                });
            default:
                return Answer(Ghci.InvalidOperand);
        }
    }

    private Next GetQuote()
    {
        ulong gpa = registers.R12;
        if (vm.IsPrivateGpa(gpa))
            return Answer(Ghci.InvalidOperand);
        BeginTdx(Ghci.GetQuote, Ghci.SubFuncUnsupported);
        RunPage.Put64(KvmRunOffsets.TdxQuoteGpa, vm.StripShared(gpa));
        RunPage.Put64(KvmRunOffsets.TdxQuoteSize, registers.R13);
        return ToUser(KvmExit.Tdx, () => Answer(RunPage.U64(KvmRunOffsets.TdxRet)));
    }

    private Next SetupEventNotifyInterrupt()
    {
        if (registers.R12 is < 32 or > 255)
            return Answer(Ghci.InvalidOperand);
        BeginTdx(Ghci.SetupEventNotifyInterrupt, Ghci.SubFuncUnsupported);
        RunPage.Put64(KvmRunOffsets.TdxNotifyVector, registers.R12);
        return ToUser(KvmExit.Tdx, () => Answer(RunPage.U64(KvmRunOffsets.TdxRet)));
    }

    private Next ReportFatalError()
    {
        RunPage.Begin(KvmExit.SystemEvent);
        RunPage.Put32(KvmRunOffsets.SystemEventType, KvmUapi.SystemEventTdxFatal);
        ReadOnlySpan<ulong> data =
        [
            LastStatus.Value, registers.Rcx, registers.Rdx, registers.Rbx, 0, 0, registers.Rsi, registers.Rdi,
            registers.R8, registers.R9, registers.R10, registers.R11, registers.R12, registers.R13, registers.R14,
            registers.R15,
        ];
        RunPage.Put32(KvmRunOffsets.SystemEventNdata, (uint)data.Length);
        for (int i = 0; i < data.Length; i++)
            RunPage.Put64(KvmRunOffsets.SystemEventData + (8 * i), data[i]);
        return ToUser(KvmExit.SystemEvent, () => Answer(Ghci.Success));
    }

    private void BeginTdx(ulong subFunction, ulong ret)
    {
        RunPage.Begin(KvmExit.Tdx);
        RunPage.Put64(KvmRunOffsets.TdxNr, subFunction);
        RunPage.Put64(KvmRunOffsets.TdxRet, ret);
    }

    private bool IsLegalGpa(ulong gpa) => gpa >> (vm.Ept.SharedBit + 1) == 0;

    private static ulong Mask(ulong bytes) => bytes == 8 ? ulong.MaxValue : (1UL << (int)(bytes * 8)) - 1;
}
