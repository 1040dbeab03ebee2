using Iced.Intel;
using Seamsim.Host;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Hosting;

/// <summary>
/// The real instruction bytes behind <see cref="Stub"/>. Each sequence ends with a jump to the address where C# host
/// code goes on (D6); none touches more than <see cref="Stub"/> says.
/// </summary>
internal sealed class StubCode
{
    private const int LinesPerPage = 64, LineBytes = 64;
    private readonly Dictionary<Stub, ulong> addresses = [];

    /// <summary>Assembles everything for <paramref name="origin"/>.</summary>
    public StubCode(ulong origin)
    {
        Assembler code = new(64);
        Dictionary<Stub, Label> labels = [];
        foreach (Stub stub in Enum.GetValues<Stub>())
            labels[stub] = code.CreateLabel();
        Label window = code.CreateLabel(), zeros = code.CreateLabel();

        foreach (Stub stub in Enum.GetValues<Stub>())
        {
            Label label = labels[stub];
            code.Label(ref label);
            labels[stub] = label;
            Emit(code, stub, zeros);
            code.jmp(HostLayout.Returns);
        }
        code.Label(ref window);
        code.sti();
        code.nop();
        code.nop();
        code.cli();
        code.jmp(HostLayout.Returns);
        code.Label(ref zeros);
        for (int i = 0; i < LineBytes / sizeof(ulong); i++)
            code.dq(0UL);

        using MemoryStream bytes = new();
        AssemblerResult result = code.Assemble(
            new StreamCodeWriter(bytes), origin, BlockEncoderOptions.ReturnNewInstructionOffsets);
        foreach ((Stub stub, Label label) in labels)
            addresses[stub] = result.GetLabelRIP(label);
        InterruptWindow = result.GetLabelRIP(window);
        Bytes = bytes.ToArray();
    }

    /// <summary>All sequences.</summary>
    public byte[] Bytes { get; }

    /// <summary>STI, two NOPs, CLI: lets a pending interrupt in.</summary>
    public ulong InterruptWindow { get; }

    /// <summary>Linear address of a sequence.</summary>
    public ulong this[Stub stub] => addresses[stub];

    private static void Emit(Assembler code, Stub stub, Label zeros)
    {
        switch (stub)
        {
            case Stub.Seamcall:      code.seamcall(); break;
            case Stub.Vmxoff:        code.vmxoff(); break;
            case Stub.Wbinvd:        code.wbinvd(); break;
            case Stub.Rdmsr:         code.rdmsr(); break;
            case Stub.Wrmsr:         code.wrmsr(); break;
            case Stub.Cpuid:         code.cpuid(); break;
            case Stub.Rdtsc:         code.rdtsc(); break;
            case Stub.Vmxon:         EmitVmxon(code); break;
            case Stub.Movdir64bPage: EmitPageLoop(code, zeros, clear: true); break;
            case Stub.ClflushPage:   EmitPageLoop(code, zeros, clear: false); break;
            case Stub.HltIdle:       code.sti(); code.hlt(); code.cli(); break;
            default:                 throw new ArgumentOutOfRangeException(nameof(stub));
        }
    }

    /// <summary>VMXON takes its operand from memory; LEA keeps the flags it leaves.</summary>
    private static void EmitVmxon(Assembler code)
    {
        code.push(rax);
        code.vmxon(__qword_ptr[rsp]);
        code.lea(rsp, __[rsp + 8]);
    }

    private static void EmitPageLoop(Assembler code, Label zeros, bool clear)
    {
        Label next = code.CreateLabel();
        code.mov(ecx, LinesPerPage);
        if (clear)
            code.lea(rdx, __[zeros]);
        code.Label(ref next);
        if (clear)
            code.movdir64b(rax, __zmmword_ptr[rdx]);
        else
            code.clflush(__byte_ptr[rax]);
        code.add(rax, LineBytes);
        code.dec(ecx);
        code.jne(next);
    }
}
