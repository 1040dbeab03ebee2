using System.Buffers.Binary;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Hosting;

/// <summary>
/// What firmware and early boot leave in memory for a host kernel: page tables, descriptor tables, stubs, and the
/// addresses at which C# stands in for kernel code.
/// </summary>
internal static class BootImage
{
    private const ulong PageBytes = 4096, Gibibyte = 1UL << 30;
    private const ulong Present = 1, Writable = 2, Accessed = 1 << 5, Dirty = 1 << 6, LargePage = 1 << 7;

    /// <summary>Writes everything.</summary>
    public static void Write(PhysicalMemory memory, StubCode stubs, int processors)
    {
        Store(memory, HostLayout.Stubs, stubs.Bytes);
        WriteReturns(memory);
        WriteGdt(memory, processors);
        WriteIdt(memory);
        WritePageTables(memory);
    }

    /// <summary>Makes the return addresses managed: reaching one ends a run of the engine.</summary>
    public static void Register(ManagedCode managed)
    {
        ManagedEntry entry = new(ManagedEntryKind.HostReturn, null);
        managed.Register(HostLayout.Returns, entry);
        for (int vector = 0; vector < 256; vector++)
            managed.Register(HostLayout.ReturnOf((byte)vector), entry);
    }

    private static void WriteReturns(PhysicalMemory memory)
    {
        byte[] code = new byte[257 * HostLayout.ReturnStride];
        code.AsSpan().Fill(0xF4); // HLT: what a processor would find where C# stands in
        Store(memory, HostLayout.Returns, code);
    }

    private static void WriteGdt(PhysicalMemory memory, int processors)
    {
        byte[] table = new byte[HostLayout.FirstTssSelector + (16 * processors)];
        Put(table, HostLayout.CodeSelector, 0x00AF_9B00_0000_FFFF);
        Put(table, HostLayout.DataSelector, 0x00CF_9300_0000_FFFF);
        for (int i = 0; i < processors; i++)
        {
            ulong tss = HostLayout.Tss + ((ulong)i * HostLayout.TssStride);
            Put(table, HostLayout.FirstTssSelector + (16 * i), 0x0000_8B00_0000_0067 | (tss << 16));
        }
        Store(memory, HostLayout.Gdt, table);
    }

    private static void WriteIdt(PhysicalMemory memory)
    {
        byte[] table = new byte[256 * 16];
        for (int vector = 0; vector < 256; vector++)
        {
            ulong handler = HostLayout.ReturnOf((byte)vector);
            Put(table, 16 * vector, (handler & 0xFFFF) | ((ulong)HostLayout.CodeSelector << 16) | 0x8E00UL << 32
                | ((handler >> 16) << 48));
            Put(table, (16 * vector) + 8, handler >> 32);
        }
        Store(memory, HostLayout.Idt, table);
    }

    private static void WritePageTables(PhysicalMemory memory)
    {
        byte[] top = new byte[PageBytes];
        byte[] middle = new byte[PageBytes];
        for (int i = 0; i < HostLayout.Pdpts; i++)
        {
            ulong pdpt = HostLayout.PageTables + (((ulong)i + 1) * PageBytes);
            Put(top, 8 * i, pdpt | Present | Writable | Accessed);
            for (int k = 0; k < 512; k++)
                Put(middle, 8 * k, ((((ulong)i * 512) + (ulong)k) * Gibibyte)
                    | Present | Writable | Accessed | Dirty | LargePage);
            Store(memory, pdpt, middle);
        }
        Store(memory, HostLayout.PageTables, top);
    }

    private static void Put(byte[] bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), value);

    private static void Store(PhysicalMemory memory, ulong address, ReadOnlySpan<byte> bytes) =>
        memory.Write(new Hpa(address), bytes, inSeam: false);
}
