using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <content>
/// #VE: the module names the instruction that cannot run in a TD, the handler asks the VMM to do it and steps over it.
/// </content>
internal sealed partial class GuestCode
{
    private const int VeInfoGet = 3;

    // Offsets from RSP once all registers are pushed.
    private const int SavedRbx = 88, SavedRdx = 96, SavedRcx = 104, SavedRax = 112, SavedRip = 120;

    private static readonly AssemblerRegister64[] Saved =
        [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    private void WriteVirtualizationExceptionHandler()
    {
        Label done = A.CreateLabel();
        A.Label(ref virtualizationException);
        foreach (AssemblerRegister64 register in Saved)
            A.push(register);
        Tdcall(VeInfoGet); // RCX reason, RDX qualification, R10 instruction length
        A.mov(edi, r10d);
        Case(CpuidReason, done, EmulateCpuid);
        Case(HltReason, done, () =>
        {
            A.xor(r12d, r12d);
            Vmcall(HltReason);
        });
        Case(IoReason, done, EmulateIo);
        Case(RdmsrReason, done, EmulateRdmsr);
        Case(WrmsrReason, done, EmulateWrmsr);
        A.mov(r8, rcx);
        Print("unexpected #VE, exit reason ");
        PrintDecimal(r8d);
        Print("\n");
        Exit(2);

        A.Label(ref done);
        A.add(__qword_ptr[rsp + SavedRip], rdi);
        for (int i = Saved.Length - 1; i >= 0; i--)
            A.pop(Saved[i]);
        A.iretq();
    }

    private void Case(int reason, Label done, Action body)
    {
        Label other = A.CreateLabel();
        A.cmp(ecx, reason);
        A.jne(other);
        body();
        A.jmp(done);
        A.Label(ref other);
    }

    private void EmulateCpuid()
    {
        if (VeCounter is { } counter)
            A.inc(__dword_ptr[counter]);
        A.mov(r12d, __dword_ptr[rsp + SavedRax]);
        A.mov(r13d, __dword_ptr[rsp + SavedRcx]);
        Vmcall(CpuidReason);
        A.mov(__qword_ptr[rsp + SavedRax], r12);
        A.mov(__qword_ptr[rsp + SavedRbx], r13);
        A.mov(__qword_ptr[rsp + SavedRcx], r14);
        A.mov(__qword_ptr[rsp + SavedRdx], r15);
    }

    // Exit qualification: bits 2:0 size - 1, bit 3 IN, bits 31:16 port. SDM vol. 3C, table 28-5.
    private void EmulateIo()
    {
        Label done = A.CreateLabel(), bytes = A.CreateLabel(), dword = A.CreateLabel();
        A.mov(r12d, edx);
        A.and(r12d, 7);
        A.inc(r12d);
        A.mov(ebx, r12d);
        A.mov(r13d, edx);
        A.shr(r13d, 3);
        A.and(r13d, 1);
        A.xor(r13d, 1);
        A.mov(ebp, r13d);
        A.mov(r14d, edx);
        A.shr(r14d, 16);
        A.mov(r15d, __dword_ptr[rsp + SavedRax]);
        Vmcall(IoReason);
        A.test(ebp, ebp);
        A.jnz(done);
        A.cmp(ebx, 2);
        A.jb(bytes);
        A.ja(dword);
        A.mov(__word_ptr[rsp + SavedRax], r11w);
        A.jmp(done);
        A.Label(ref bytes);
        A.mov(__byte_ptr[rsp + SavedRax], r11b);
        A.jmp(done);
        A.Label(ref dword);
        A.mov(eax, r11d);
        A.mov(__qword_ptr[rsp + SavedRax], rax);
        A.Label(ref done);
        A.nop();
    }

    private void EmulateRdmsr()
    {
        A.mov(r12d, __dword_ptr[rsp + SavedRcx]);
        Vmcall(RdmsrReason);
        A.mov(eax, r11d);
        A.mov(__qword_ptr[rsp + SavedRax], rax);
        A.shr(r11, 32);
        A.mov(__qword_ptr[rsp + SavedRdx], r11);
    }

    private void EmulateWrmsr()
    {
        A.mov(r12d, __dword_ptr[rsp + SavedRcx]);
        A.mov(r13d, __dword_ptr[rsp + SavedRdx]);
        A.shl(r13, 32);
        A.mov(eax, __dword_ptr[rsp + SavedRax]);
        A.or(r13, rax);
        Vmcall(WrmsrReason);
    }

    private void WriteFaultHandler()
    {
        A.Label(ref fault);
        A.and(rsp, -16);
        Print("unexpected exception\n");
        Exit(3);
    }
}
