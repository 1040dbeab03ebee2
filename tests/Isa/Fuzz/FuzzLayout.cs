namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>The megabyte of memory of a machine under random instructions: linear and physical addresses are the same.</summary>
internal static class FuzzLayout
{
    public const int MemoryBytes = 1 << 20, PageBytes = 0x1000;

    /// <summary>Interrupt vectors of real mode, descriptor tables, task state.</summary>
    public const ulong Ivt = 0, Gdt = 0x1000, Idt64 = 0x2000, Idt32 = 0x3000, Tss64 = 0x4000, Tss32 = 0x4800;

    /// <summary>A handler of 16 bytes for each vector.</summary>
    public const ulong Handlers = 0x5000;

    /// <summary>Paging structures: 5, 4 levels; PAE; 32 bits.</summary>
    public const ulong Pml5 = 0x6000, Pml4 = 0x7000, Pdpt = 0x8000, Pd = 0x9000, Pt = 0xA000, PaePdpt = 0xB000,
        Pd32 = 0xC000, Pt32 = 0xD000;

    public const ulong Data = 0x10000, Stack = 0x20000, StackEnd = 0x30000, Code = 0x40000, CodeEnd = 0x80000;

    /// <summary>Selectors; <see cref="FuzzImage"/> makes their descriptors.</summary>
    public const ushort Code64 = 0x08, Data0 = 0x10, Code32 = 0x18, Data3 = 0x23, Code64User = 0x2B, Code32User = 0x33,
        Code16 = 0x38, Code16User = 0x43, TaskGate = 0x50, Tss = 0x60, Ldt = 0x70, DescriptorCount = 64;

    /// <summary>Pages with an even number are user pages.</summary>
    public static bool IsUser(ulong address) => (address >> 12 & 1) == 0;
}
