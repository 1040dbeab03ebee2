using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Boot;

/// <summary>Own GDT and IDT, the local APIC's timer once, and HLT with interrupts on.</summary>
internal static class TimerImage
{
    /// <summary>What the timer counts down from.</summary>
    public const uint Count = 10_000;

    private const uint Gdt = 0x2000, Idt = 0x3000, Handler = 0x4000, Pointers = 0x5000, Apic = 0xFEE00000;
    private const byte Vector = 0x40;

    public static void Emit(Assembler code, Action<Assembler> handler)
    {
        Store(code, Handler, TestImage.Assemble(handler, Handler));
        Store64(code, Gdt + 8, 0x00CF_9B00_0000_FFFF);
        Store64(code, Idt + (8 * Vector), 0x0000_8E00_0008_0000 | Handler);
        Pointer(code, Pointers, Gdt, 15);
        Pointer(code, Pointers + 8, Idt, 0x7FF);
        code.lgdt(__[Pointers]);
        code.lidt(__[Pointers + 8]);
        code.mov(__dword_ptr[Apic + 0xF0], 0x1FF);
        code.mov(__dword_ptr[Apic + 0x320], Vector);
        code.mov(__dword_ptr[Apic + 0x380], Count);
        code.sti();
        code.hlt();
    }

    private static void Pointer(Assembler code, uint at, uint table, ushort limit)
    {
        code.mov(__word_ptr[at], limit);
        code.mov(__dword_ptr[at + 2], table);
    }

    private static void Store64(Assembler code, uint at, ulong value)
    {
        code.mov(__dword_ptr[at], (uint)value);
        code.mov(__dword_ptr[at + 4], (uint)(value >> 32));
    }

    private static void Store(Assembler code, uint at, byte[] bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            code.mov(__byte_ptr[at + i], bytes[i]);
    }
}
