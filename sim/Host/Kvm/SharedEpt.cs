using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Host.Kvm;

/// <summary>
/// The ordinary EPT of a TD's shared half, as tables in simulated memory that the processor walks. Addresses keep the
/// shared bit. Empty entries suppress #VE, so that the first access exits; an entry of 0 gives the TD a #VE (MMIO).
/// </summary>
public sealed class SharedEpt
{
    private const ulong SuppressVe = 1UL << 63, Rwx = 7, WriteBackIgnorePat = 6UL << 3 | 1UL << 6;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;
    private readonly HostKernel kernel;
    private readonly int levels;
    private readonly List<Hpa> tables = [];

    private SharedEpt(HostKernel kernel, int levels, Hpa root)
    {
        this.kernel = kernel;
        this.levels = levels;
        Root = root;
        tables.Add(root);
    }

    /// <summary>The top table: what goes to SHARED_EPT_POINTER.</summary>
    public Hpa Root { get; }

    /// <summary>An empty EPT with 4 or 5 levels, or null when memory is used up.</summary>
    public static SharedEpt? Create(HostKernel kernel, int levels) =>
        TryNewTable(kernel, out Hpa root) ? new SharedEpt(kernel, levels, root) : null;

    /// <summary>Maps a page; false when memory is used up.</summary>
    public bool Map(ulong gpa, Hpa page) => Set(gpa, page.Value | Rwx | WriteBackIgnorePat);

    /// <summary>Makes accesses to a page raise #VE in the TD; false when memory is used up.</summary>
    public bool MapMmio(ulong gpa) => Set(gpa, 0);

    /// <summary>Takes a page away.</summary>
    public void Unmap(ulong gpa)
    {
        if (TryFind(gpa, create: false, out Hpa entry))
            Write(entry, SuppressVe);
    }

    /// <summary>The leaf entry of a page, or null when a table on the way is missing.</summary>
    public ulong? Entry(ulong gpa) => TryFind(gpa, create: false, out Hpa entry) ? Read(entry) : null;

    /// <summary>Gives the tables back.</summary>
    public void Free()
    {
        foreach (Hpa table in tables)
            kernel.Pages.Free(table);
        tables.Clear();
    }

    private bool Set(ulong gpa, ulong value)
    {
        if (!TryFind(gpa, create: true, out Hpa entry))
            return false;
        Write(entry, value);
        return true;
    }

    private bool TryFind(ulong gpa, bool create, out Hpa entry)
    {
        Hpa table = Root;
        for (int level = levels - 1; ; level--)
        {
            entry = table + ((gpa >> (12 + (9 * level)) & 0x1FF) * 8);
            if (level == 0)
                return true;
            ulong value = Read(entry);
            if ((value & Rwx) == 0)
            {
                if (!create || !TryNewTable(kernel, out Hpa added))
                    return false;
                tables.Add(added);
                value = added.Value | Rwx;
                Write(entry, value);
            }
            table = new Hpa(value & AddressMask);
        }
    }

    private static bool TryNewTable(HostKernel kernel, out Hpa table)
    {
        if (!kernel.Pages.TryAllocate(out table))
            return false;
        byte[] bytes = new byte[PageAllocator.PageSize];
        for (int i = 0; i < bytes.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i), SuppressVe);
        kernel.Platform.Memory.Write(table, bytes);
        return true;
    }

    private ulong Read(Hpa address)
    {
        Span<byte> bytes = stackalloc byte[8];
        kernel.Platform.Memory.Read(address, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void Write(Hpa address, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        kernel.Platform.Memory.Write(address, bytes);
    }
}
