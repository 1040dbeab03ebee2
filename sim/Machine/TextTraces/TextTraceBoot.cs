using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Guests;
using Seamsim.Host.Guests;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.TextTraces;

/// <summary>
/// What a TD section finds around its code: the way to 64-bit mode, an IDT, and the #VE handler that every TD guest
/// has. The
/// other handlers are HLT where the simulator stands in for them.
/// </summary>
internal static class TextTraceBoot
{
    /// <summary>First address of everything here; nothing of the section's own lies above it.</summary>
    public const ulong Base = 0xFFFF_8000;

    /// <summary>Vectors that have a handler.</summary>
    public const int Handlers = 32;

    private const int TablesAt = 0x6000, IdtOperandAt = TablesAt + 0x100, IdtAt = TablesAt + 0x200,
        HltsAt = TablesAt + 0x400,
        EntryAt = 0x7200, VeAt = 0x7400, VeVector = 20, VeInfoGet = 3, PushedRegisters = 6;
    private const ushort CodeSelector = 8;
    private const byte Hlt = 0xF4;

    /// <summary>Where the #VE handler has asked for the reason: RCX, RDX, R8, R9, R10 hold the answer.</summary>
    public static ulong VeTold { get; } = Base + VeAt + (ulong)Assemble(Base + VeAt, AskForReason).Length;

    /// <summary>Where the exception of a vector arrives; #VE never stops here.</summary>
    public static ulong HandlerOf(int vector) => Base + HltsAt + (ulong)vector;

    /// <summary>The region below 4 GiB for a section whose first instruction is at <paramref name="origin"/>.</summary>
    public static GuestRegion For(ulong origin)
    {
        byte[] bytes = LongModeBoot.For(Base + EntryAt).Bytes.ToArray();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(IdtOperandAt), (Handlers * 16) - 1);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(IdtOperandAt + 2), Base + IdtAt);
        bytes.AsSpan(HltsAt, Handlers).Fill(Hlt);
        for (int vector = 0; vector < Handlers; vector++)
            WriteGate(bytes.AsSpan(IdtAt + (16 * vector)), vector == VeVector ? Base + VeAt : HandlerOf(vector));
        Assemble(Base + EntryAt, code => Enter(code, origin)).CopyTo(bytes, EntryAt);
        Assemble(Base + VeAt, HandleVe).CopyTo(bytes, VeAt);
        return new GuestRegion(Base, bytes);
    }

    private static void Enter(Assembler code, ulong origin)
    {
        code.mov(rax, Base + IdtOperandAt);
        code.lidt(__[rax]);
        code.mov(rax, origin);
        code.jmp(rax);
    }

    private static void HandleVe(Assembler code)
    {
        AskForReason(code);
        code.mov(eax, r10d);
        code.add(__qword_ptr[rsp + (PushedRegisters * 8)], rax); // RIP in the frame: step over the instruction
        code.pop(r10);
        code.pop(r9);
        code.pop(r8);
        code.pop(rdx);
        code.pop(rcx);
        code.pop(rax);
        code.iretq();
    }

    private static void AskForReason(Assembler code)
    {
        code.push(rax);
        code.push(rcx);
        code.push(rdx);
        code.push(r8);
        code.push(r9);
        code.push(r10);
        code.mov(eax, VeInfoGet);
        code.tdcall();
    }

    // Present, DPL 0, 64-bit interrupt gate. SDM vol. 3A, figure 6-8.
    private static void WriteGate(Span<byte> gate, ulong handler)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(gate, (ushort)handler);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[2..], CodeSelector);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[4..], 0x8E00);
        BinaryPrimitives.WriteUInt16LittleEndian(gate[6..], (ushort)(handler >> 16));
        BinaryPrimitives.WriteUInt32LittleEndian(gate[8..], (uint)(handler >> 32));
    }

    private static byte[] Assemble(ulong address, Action<Assembler> emit)
    {
        Assembler code = new(64);
        emit(code);
        using MemoryStream stream = new();
        code.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }
}
