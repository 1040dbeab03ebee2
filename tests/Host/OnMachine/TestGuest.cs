using Iced.Intel;
using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>
/// A guest written for one test: it reports values through a port, asks TDG.VP.VMCALL and reaches shared addresses
/// at <see cref="SharedWindow"/>.
/// </summary>
internal sealed class TestGuest
{
    /// <summary>Linear address of guest-physical 0 with the shared bit, 2 MiB; 2 MiB further no memory is behind.</summary>
    public const uint SharedWindow = 0x2000_0000, MmioWindow = SharedWindow + (2 << 20);

    /// <summary>Guest-physical address behind <see cref="MmioWindow"/>.</summary>
    public const ulong MmioGpa = 0x1000_0000;

    private const ushort ReportPort = 0x60;
    private const uint PageDirectory = GuestLayout.PageTables + 0x2000;
    private readonly GuestCode code;
    private readonly int gpaw;

    private TestGuest(GuestCode code, int gpaw) => (this.code, this.gpaw) = (code, gpaw);

    public Assembler A => code.A;

    public ulong SharedBit => 1UL << (gpaw - 1);

    /// <summary>A guest that does what <paramref name="body"/> writes and then halts for good.</summary>
    public static GuestImage Write(Action<TestGuest> body, int gpaw = 48) => BuiltInGuests.Build("test", code =>
    {
        TestGuest guest = new(code, gpaw);
        guest.MapWindow(SharedWindow, guest.SharedBit);
        guest.MapWindow(MmioWindow, guest.SharedBit | MmioGpa);
        body(guest);
        code.Exit(0);
    });

    /// <summary>TDG.VP.VMCALL of a sub-function with R12 to R15.</summary>
    public void Vmcall(ulong function, ulong r12 = 0, ulong r13 = 0, ulong r14 = 0, ulong r15 = 0)
    {
        A.mov(AssemblerRegisters.r11, function);
        A.mov(AssemblerRegisters.r12, r12);
        A.mov(AssemblerRegisters.r13, r13);
        A.mov(AssemblerRegisters.r14, r14);
        A.mov(AssemblerRegisters.r15, r15);
        A.xor(r10d, r10d);
        A.mov(ecx, 0xFC00);
        code.Tdcall(0);
    }

    /// <summary>Tells the test a register: two 32-bit writes to a port.</summary>
    public void Report(AssemblerRegister64 value)
    {
        A.mov(rbx, value);
        for (int half = 0; half < 2; half++)
        {
            A.mov(r15d, ebx);
            A.mov(r11d, 30);
            A.mov(r12d, 4);
            A.mov(r13d, 1);
            A.mov(r14d, ReportPort);
            A.xor(r10d, r10d);
            A.mov(ecx, 0xFC00);
            code.Tdcall(0);
            A.shr(rbx, 32);
        }
    }

    /// <summary>
    /// From here on a #VE is only noted (reason, qualification, GPA at <see cref="GuestLayout.Buffers"/>) and the
    /// instruction skipped.
    /// </summary>
    public void NoteVirtualizationExceptions()
    {
        const uint gate = GuestLayout.Idt + (GuestLayout.VirtualizationException * 16);
        Label handler = A.CreateLabel(), known = A.CreateLabel(), over = A.CreateLabel();
        A.jmp(over);
        A.Label(ref handler);
        A.push(rax);
        code.Tdcall(3); // TDG.VP.VEINFO.GET: RCX reason, RDX qualification, R9 GPA, R10 length
        A.mov(__qword_ptr[(ulong)GuestLayout.Buffers], rcx);
        A.mov(__qword_ptr[(ulong)GuestLayout.Buffers + 8], rdx);
        A.mov(__qword_ptr[(ulong)GuestLayout.Buffers + 16], r9);
        // An EPT violation tells no length: such an instruction has to be MOV between [RDI] and RAX.
        A.mov(r10d, r10d);
        A.test(r10, r10);
        A.jnz(known);
        A.mov(r10d, 3);
        A.Label(ref known);
        A.add(__qword_ptr[rsp + 8], r10);
        A.pop(rax);
        A.iretq();
        A.Label(ref over);
        A.lea(rax, __[handler]);
        A.mov(__word_ptr[(ulong)gate], ax);
        A.shr(eax, 16);
        A.mov(__word_ptr[(ulong)gate + 6], ax);
    }

    /// <summary>Reports what the last #VE was.</summary>
    public void ReportVirtualizationException()
    {
        for (ulong i = 0; i < 3; i++)
        {
            A.mov(rax, __qword_ptr[GuestLayout.Buffers + (8 * i)]);
            Report(rax);
        }
    }

    private void MapWindow(uint window, ulong gpa)
    {
        const ulong present = 1, writable = 2, accessedDirty = 0x60, large = 0x80;
        A.mov(rax, gpa | present | writable | accessedDirty | large);
        A.mov(__qword_ptr[(ulong)PageDirectory + (window >> 21 << 3)], rax);
    }

    /// <summary>Runs the vCPU to the next value the guest reports.</summary>
    public static ulong NextReport(MachineFixture f, VcpuTdx vcpu)
    {
        ulong value = 0;
        for (int half = 0; half < 2; half++)
        {
            Assert.That(f.Run(vcpu), Is.EqualTo(Errno.Ok));
            Assert.That(
                (vcpu.RunPage.ExitReason, vcpu.RunPage.U16(KvmRunOffsets.IoPort)),
                Is.EqualTo((KvmExit.Io, ReportPort)), $"VP.ENTER {vcpu.LastStatus}");
            value |= (ulong)vcpu.RunPage.U32(KvmRun.IoDataOffset) << (32 * half);
        }
        return value;
    }

    /// <summary>The next values the guest reports.</summary>
    public static ulong[] NextReports(MachineFixture f, VcpuTdx vcpu, int count)
    {
        ulong[] values = new ulong[count];
        for (int i = 0; i < count; i++)
            values[i] = NextReport(f, vcpu);
        return values;
    }
}
