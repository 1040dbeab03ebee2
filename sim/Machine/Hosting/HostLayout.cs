namespace Seamsim.Hosting;

/// <summary>
/// Where the host's own structures lie: below 1 MiB, which Linux never gives to TDX, mapped one to one.
/// </summary>
internal static class HostLayout
{
    /// <summary>The instruction sequences of <see cref="StubCode"/>.</summary>
    public const ulong Stubs = 0x1000;

    /// <summary>
    /// First byte of host code that is C#: where stubs return, and behind it one entry for every vector.
    /// </summary>
    public const ulong Returns = 0x2000;

    /// <summary>Distance between two entries of <see cref="Returns"/>.</summary>
    public const ulong ReturnStride = 8;

    /// <summary>Interrupt descriptor table: 256 gates of 16 bytes.</summary>
    public const ulong Idt = 0x3000;

    /// <summary>Global descriptor table: null, code, data, then a 16-byte TSS descriptor for every processor.</summary>
    public const ulong Gdt = 0x4000;

    /// <summary>Top level of the page tables; the PDPTs follow.</summary>
    public const ulong PageTables = 0x8000;

    /// <summary>Task-state segments, one for every processor.</summary>
    public const ulong Tss = 0x2_0000;

    /// <summary>Distance between two task-state segments.</summary>
    public const ulong TssStride = 0x80;

    /// <summary>Stacks, one for every processor.</summary>
    public const ulong Stacks = 0x4_0000;

    /// <summary>Bytes of a stack: room for the frame of one exception inside one interrupt.</summary>
    public const ulong StackBytes = 0x200;

    /// <summary>First byte behind everything above.</summary>
    public const ulong End = 0x8_0000;

    /// <summary>Selectors of the GDT.</summary>
    public const ushort CodeSelector = 0x08, DataSelector = 0x10, FirstTssSelector = 0x18;

    /// <summary>PDPTs: each maps 512 GiB with 1-GiB pages.</summary>
    public const int Pdpts = 16;

    /// <summary>Where control arrives when an exception or interrupt hits the host.</summary>
    public static ulong ReturnOf(byte vector) => Returns + (((ulong)vector + 1) * ReturnStride);
}
