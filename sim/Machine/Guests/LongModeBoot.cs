using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Host.Guests;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Guests;

/// <summary>
/// The last 32 KiB below 4 GiB of a TD that runs a file: from the reset state of a TD's vCPU (32-bit protected mode,
/// EFER.LME already set) to 64-bit mode with the low 4 GiB mapped one to one and every vector register the TD may have
/// enabled, as compilers expect.
/// </summary>
internal static class LongModeBoot
{
    /// <summary>Stack pointer at the entry: inside the memory a TD always starts with.</summary>
    public const ulong StackTop = 0x8000;

    private const ulong Base = 0xFFFF_8000;
    private const int PageBytes = 4096, Pml4At = 0, PdptAt = PageBytes, PdsAt = 2 * PageBytes, GdtAt = 6 * PageBytes,
        CodeAt = 7 * PageBytes, ResetAt = 0x7FF0, TotalBytes = 0x8000;
    private const ulong PresentWritable = 3, LargePage = 0x80;
    private const ushort CodeSelector = 8, DataSelector = 16;
    private const int Pae = 1 << 5, Osfxsr = 1 << 9, Osxmmexcpt = 1 << 10, Osxsave = 1 << 18, XsaveLeaf = 0xD;

    /// <summary>The region for an entry point.</summary>
    public static GuestRegion For(ulong entry)
    {
        byte[] bytes = new byte[TotalBytes];
        WriteTables(bytes);
        Put(bytes, GdtAt + CodeSelector, 0x00AF_9B00_0000_FFFF);
        Put(bytes, GdtAt + DataSelector, 0x00CF_9300_0000_FFFF);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(GdtAt + 0x20), 0x17);
        Put(bytes, GdtAt + 0x22, Base + GdtAt);
        byte[] enter64 = Assemble(64, Base + CodeAt + 0x100, code => Enter(code, entry));
        byte[] start32 = Assemble(32, Base + CodeAt, Start);
        byte[] reset = Assemble(32, Base + ResetAt, code => code.jmp(Base + CodeAt));
        start32.CopyTo(bytes, CodeAt);
        enter64.CopyTo(bytes, CodeAt + 0x100);
        reset.CopyTo(bytes, ResetAt);
        return new GuestRegion(Base, bytes);
    }

    private static void Start(Assembler code)
    {
        code.lgdt(__[unchecked((int)(Base + GdtAt + 0x20))]);
        code.mov(eax, cr4);
        code.or(eax, Pae | Osfxsr | Osxmmexcpt | Osxsave);
        code.mov(cr4, eax);
        code.mov(eax, unchecked((uint)(Base + Pml4At)));
        code.mov(cr3, eax);
        code.mov(eax, cr0);
        code.or(eax, 1u << 31);
        code.mov(cr0, eax);
        // JMP ptr16:32 to the 64-bit code segment.
        Span<byte> far = stackalloc byte[7];
        far[0] = 0xEA;
        BinaryPrimitives.WriteUInt32LittleEndian(far[1..], (uint)(Base + CodeAt + 0x100));
        BinaryPrimitives.WriteUInt16LittleEndian(far[5..], CodeSelector);
        code.db(far.ToArray());
    }

    private static void Enter(Assembler code, ulong entry)
    {
        code.mov(eax, DataSelector);
        code.mov(ds, ax);
        code.mov(es, ax);
        code.mov(ss, ax);
        code.mov(rsp, StackTop);
        // RBX, RCX and RDX are the module's and the VMM's to fill; R12 to R14 are zero. Not every TD has a stack yet.
        code.mov(r12, rbx);
        code.mov(r13, rcx);
        code.mov(r14, rdx);
        code.mov(eax, XsaveLeaf); // EDX:EAX: what XCR0 may have
        code.xor(ecx, ecx);
        code.cpuid();
        code.xor(ecx, ecx);
        code.xsetbv();
        code.mov(rdx, r14);
        code.mov(rcx, r13);
        code.mov(rbx, r12);
        code.xor(r14d, r14d);
        code.xor(r13d, r13d);
        code.xor(r12d, r12d);
        code.mov(rax, entry);
        code.jmp(rax);
    }

    private static void WriteTables(byte[] bytes)
    {
        Put(bytes, Pml4At, (Base + PdptAt) | PresentWritable);
        for (int gibibyte = 0; gibibyte < 4; gibibyte++)
        {
            Put(bytes, PdptAt + (8 * gibibyte), (Base + PdsAt + ((ulong)gibibyte * PageBytes)) | PresentWritable);
            for (int i = 0; i < 512; i++)
                Put(bytes, PdsAt + (gibibyte * PageBytes) + (8 * i),
                    ((ulong)gibibyte << 30) | ((ulong)i << 21) | PresentWritable | LargePage);
        }
    }

    private static byte[] Assemble(int bitness, ulong address, Action<Assembler> emit)
    {
        Assembler code = new(bitness);
        emit(code);
        using MemoryStream stream = new();
        code.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    private static void Put(byte[] bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), value);
}
