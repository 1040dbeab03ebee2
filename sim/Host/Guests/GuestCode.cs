using System.Text;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Writes the 64-bit code of a built-in guest: texts and numbers go to the serial port, everything through TDG.VP.VMCALL
/// (Guest-Host-Communication Interface 1.5). Subroutines keep RBX, RBP, RSI, RDI, RDX, R8, R9 but for their operands.
/// </summary>
internal sealed partial class GuestCode
{
    private const int CpuidReason = 10, HltReason = 12, IoReason = 30, RdmsrReason = 31, WrmsrReason = 32;
    private const int VmcallRegisters = 0xFC00; // R10..R15
    private const int SerialPort = 0x3F8, ExitPort = 0xF4;

    private readonly List<byte> texts = [];
    private Label putCharacter, printText, printHex, printDecimal, printBytes, park, exit, virtualizationException, fault;

    /// <summary>An empty program.</summary>
    public GuestCode()
    {
        (putCharacter, printText, printHex) = (A.CreateLabel(), A.CreateLabel(), A.CreateLabel());
        (printDecimal, printBytes, park) = (A.CreateLabel(), A.CreateLabel(), A.CreateLabel());
        (exit, virtualizationException, fault) = (A.CreateLabel(), A.CreateLabel(), A.CreateLabel());
    }

    /// <summary>The assembler, for what has no name here.</summary>
    public Assembler A { get; } = new(64);

    /// <summary>TDCALL of a leaf whose operands are in place; the status is in RAX.</summary>
    public void Tdcall(int leaf)
    {
        A.mov(eax, leaf);
        A.tdcall();
    }

    /// <summary>Prints a text.</summary>
    public void Print(string text)
    {
        A.mov(esi, AddText(text));
        A.call(printText);
    }

    /// <summary>Prints a register as 16 hexadecimal digits.</summary>
    public void PrintHex(AssemblerRegister64 value)
    {
        A.mov(rbx, value);
        A.mov(ebp, 16);
        A.call(printHex);
    }

    /// <summary>Prints a register as 8 hexadecimal digits.</summary>
    public void PrintHex(AssemblerRegister32 value)
    {
        A.mov(ebx, value);
        A.shl(rbx, 32);
        A.mov(ebp, 8);
        A.call(printHex);
    }

    /// <summary>Prints a register as a decimal number.</summary>
    public void PrintDecimal(AssemblerRegister32 value)
    {
        A.mov(ebx, value);
        A.call(printDecimal);
    }

    /// <summary>Where the handler counts CPUIDs that raised #VE (a dword); null: nowhere.</summary>
    public uint? VeCounter { get; set; }

    /// <summary>Sends a register to the VMM's report port. RAX, RCX and R10 to R15 are lost.</summary>
    public void Report(AssemblerRegister32 value)
    {
        A.mov(r15d, value);
        PortWrite(Vmm.TdVmm.ReportPort, 4);
    }

    /// <summary>Constant bytes; answers their address.</summary>
    public uint AddBytes(ReadOnlySpan<byte> bytes)
    {
        while (texts.Count % 8 != 0)
            texts.Add(0);
        uint address = GuestLayout.Texts + (uint)texts.Count;
        texts.AddRange(bytes);
        return address;
    }

    /// <summary>Prints bytes of memory as hexadecimal digits.</summary>
    public void PrintBytes(uint address, int count)
    {
        A.mov(esi, address);
        A.mov(edi, count);
        A.call(printBytes);
    }

    /// <summary>Ends the guest when RAX (a status) is not zero: prints what failed and signals 1.</summary>
    public void FailUnlessZero(string what)
    {
        Label fine = A.CreateLabel();
        A.test(rax, rax);
        A.jz(fine);
        A.mov(r8, rax);
        Print(what + " failed: 0x");
        PrintHex(r8);
        Print("\n");
        Exit(1);
        A.Label(ref fine);
        A.nop();
    }

    /// <summary>Signals the end to the VMM: 0 is success.</summary>
    public void Exit(int code)
    {
        A.mov(edi, code);
        A.jmp(exit);
    }

    /// <summary>
    /// Assembles the program after the body has been written; answers code, texts and the two handlers.
    /// </summary>
    public (byte[] Code, byte[] Texts, uint VirtualizationException, uint Fault) Assemble()
    {
        WriteSubroutines();
        WriteVirtualizationExceptionHandler();
        WriteFaultHandler();
        using MemoryStream code = new();
        AssemblerResult result = A.Assemble(
            new StreamCodeWriter(code), GuestLayout.Entry64, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return (code.ToArray(), [.. texts], (uint)result.GetLabelRIP(virtualizationException),
            (uint)result.GetLabelRIP(fault));
    }

    /// <summary>The way in: segments, stack, IDT; the first virtual CPU goes on, the others halt.</summary>
    public void WriteEntry()
    {
        A.mov(eax, GuestLayout.DataSelector);
        A.mov(ds, eax);
        A.mov(es, eax);
        A.mov(ss, eax);
        A.lidt(__[(ulong)GuestLayout.IdtOperand]);
        A.test(esi, esi); // VCPU_INDEX, from TDH.VP.INIT
        A.jnz(park);
        A.mov(esp, GuestLayout.StackTop);
    }

    private uint AddText(string text)
    {
        uint address = GuestLayout.Texts + (uint)texts.Count;
        texts.AddRange(Encoding.ASCII.GetBytes(text));
        texts.Add(0);
        return address;
    }

    private void Vmcall(int reason)
    {
        A.xor(r10d, r10d);
        A.mov(r11d, reason);
        A.mov(ecx, VmcallRegisters);
        A.xor(eax, eax); // TDG.VP.VMCALL
        A.tdcall();
    }

    private void PortWrite(int port, int bytes)
    {
        A.mov(r12d, bytes);
        A.mov(r13d, 1);
        A.mov(r14d, port);
        Vmcall(IoReason);
    }

    private void WriteSubroutines()
    {
        A.Label(ref putCharacter); // AL
        A.movzx(r15d, al);
        PortWrite(SerialPort, 1);
        A.ret();

        Label done = A.CreateLabel();
        A.Label(ref printText); // RSI
        A.movzx(eax, __byte_ptr[rsi]);
        A.test(eax, eax);
        A.jz(done);
        A.inc(rsi);
        A.call(putCharacter);
        A.jmp(printText);
        A.Label(ref done);
        A.ret();

        WriteNumberSubroutines();

        A.Label(ref exit); // EDI
        A.mov(r15d, edi);
        PortWrite(ExitPort, 4);
        A.Label(ref park);
        A.xor(r12d, r12d); // interrupts are not blocked
        Vmcall(HltReason);
        A.jmp(park);
    }

    private void WriteNumberSubroutines()
    {
        Label letter = A.CreateLabel(), put = A.CreateLabel();
        A.Label(ref printHex); // RBX from its top, EBP digits
        A.rol(rbx, 4);
        A.mov(eax, ebx);
        A.and(eax, 15);
        A.cmp(eax, 10);
        A.jae(letter);
        A.add(eax, '0');
        A.jmp(put);
        A.Label(ref letter);
        A.add(eax, 'a' - 10);
        A.Label(ref put);
        A.call(putCharacter);
        A.dec(ebp);
        A.jnz(printHex);
        A.ret();

        Label divide = A.CreateLabel(), pop = A.CreateLabel();
        A.Label(ref printDecimal); // EBX
        A.push(rdx);
        A.push(rdi);
        A.mov(eax, ebx);
        A.xor(ebp, ebp);
        A.mov(edi, 10);
        A.Label(ref divide);
        A.xor(edx, edx);
        A.div(edi);
        A.push(rdx);
        A.inc(ebp);
        A.test(eax, eax);
        A.jnz(divide);
        A.Label(ref pop);
        A.pop(rax);
        A.add(eax, '0');
        A.call(putCharacter);
        A.dec(ebp);
        A.jnz(pop);
        A.pop(rdi);
        A.pop(rdx);
        A.ret();

        A.Label(ref printBytes); // RSI, EDI bytes
        A.movzx(ebx, __byte_ptr[rsi]);
        A.shl(rbx, 56);
        A.mov(ebp, 2);
        A.call(printHex);
        A.inc(rsi);
        A.dec(edi);
        A.jnz(printBytes);
        A.ret();
    }
}
