using System.Buffers.Binary;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>What memory holds when a batch begins: tables every mode can run with, and random data.</summary>
internal static class FuzzImage
{
    private const ulong Present = 1, Writable = 2, User = 4, NoExecute = 1UL << 63;
    private const byte Hlt = 0xF4;

    /// <summary>The bytes; the same every time.</summary>
    public static byte[] Create()
    {
        OperandRandom random = new(0x5EED);
        byte[] image = new byte[FuzzLayout.MemoryBytes];
        random.NextBytes(image.AsSpan((int)FuzzLayout.Data));
        WriteDescriptors(image, random);
        WriteVectors(image);
        WriteTaskState(image);
        WritePaging(image, random);
        return image;
    }

    private static void WriteDescriptors(byte[] image, OperandRandom random)
    {
        ulong[] fixedOnes =
        [
            0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF, 0x00CFF3000000FFFF, 0x00AFFB000000FFFF,
            0x00CFFB000000FFFF, 0x008F9B000000FFFF, 0x008FFB000000FFFF, 0, 0x0000E50000600000, 0,
            0x0000890000000067 | (FuzzLayout.Tss64 << 16), 0, 0x0000820000000FFF | (FuzzLayout.Data << 16 & 0xFFFFFF0000), 0x1,
        ];
        for (int i = 0; i < FuzzLayout.DescriptorCount; i++)
            Write(image, FuzzLayout.Gdt + ((ulong)i * 8), i < fixedOnes.Length ? fixedOnes[i] : SomeDescriptor(random));
    }

    /// <summary>Code, data, gates and system segments of any kind, mostly present and of flat size.</summary>
    private static ulong SomeDescriptor(OperandRandom random)
    {
        ulong access = (random.Next64() >> 56) | (random.Next(8) != 0 ? 0x80UL : 0);
        bool gate = (access & 0x10) == 0 && (access & 4) != 0;
        if (gate)
            return FuzzLayout.Handlers | (random.Next64() & 0x780000) | (access << 40);
        return 0xFFFFUL | (access << 40) | (random.Next64() >> 56 << 48);
    }

    private static void WriteVectors(byte[] image)
    {
        for (ulong vector = 0; vector < 256; vector++)
        {
            ulong handler = FuzzLayout.Handlers + (vector * 16);
            image[handler] = Hlt;
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan((int)(vector * 4)), (uint)(handler << 12 & 0xFFFF0000));
            ulong low = (handler & 0xFFFF) | (handler >> 16 << 48);
            // every seventh gate leads to another kind of code or is a trap gate
            byte access = vector % 7 == 6 ? (byte)0xEF : (byte)0xEE;
            Write(image, FuzzLayout.Idt64 + (vector * 16), low | ((ulong)FuzzLayout.Code64 << 16) | ((ulong)access << 40));
            Write(image, FuzzLayout.Idt32 + (vector * 8), low | ((ulong)FuzzLayout.Code32 << 16) | ((ulong)access << 40));
        }
    }

    private static void WriteTaskState(byte[] image)
    {
        for (ulong offset = 4; offset < 96; offset += 8)
            Write(image, FuzzLayout.Tss64 + offset, FuzzLayout.StackEnd - 0x40);
        for (ulong level = 0; level < 3; level++)
            Write(image, FuzzLayout.Tss32 + 4 + (level * 8), (FuzzLayout.StackEnd - 0x40) | ((ulong)FuzzLayout.Data0 << 32));
    }

    private static void WritePaging(byte[] image, OperandRandom random)
    {
        const ulong any = Present | Writable | User;
        foreach (ulong slot in (ulong[])[0, 255, 256, 511])
        {
            Write(image, FuzzLayout.Pml5 + (slot * 8), FuzzLayout.Pml4 | any);
            Write(image, FuzzLayout.Pml4 + (slot * 8), FuzzLayout.Pdpt | any);
            Write(image, FuzzLayout.Pdpt + (slot * 8), FuzzLayout.Pd | any);
            Write(image, FuzzLayout.Pd + (slot * 8), FuzzLayout.Pt | any);
        }
        for (ulong slot = 0; slot < 4; slot++)
            Write(image, FuzzLayout.PaePdpt + (slot * 8), FuzzLayout.Pd | Present);
        for (int slot = 0; slot < 1024; slot += 512)
            Write32(image, FuzzLayout.Pd32 + ((ulong)slot * 4), (uint)(FuzzLayout.Pt32 | any));
        for (ulong page = 0; page < 256; page++)
        {
            ulong entry = PageEntry(page << 12, random);
            Write(image, FuzzLayout.Pt + (page * 8), entry);
            Write32(image, FuzzLayout.Pt32 + (page * 4), (uint)entry);
        }
    }

    /// <summary>
    /// The paging structures themselves are not mapped: what a processor does after they were changed under it depends on
    /// what it has cached, and so does ours.
    /// </summary>
    private static ulong PageEntry(ulong at, OperandRandom random)
    {
        if (at is >= FuzzLayout.Pml5 and <= FuzzLayout.Pt32)
            return 0;
        ulong entry = at | Present | Writable;
        if (at >= FuzzLayout.Data && FuzzLayout.IsUser(at))
            entry |= User;
        bool special = at is >= FuzzLayout.Data and < FuzzLayout.Stack or >= FuzzLayout.CodeEnd;
        if (!special)
            return entry;
        switch (random.Next(16))
        {
            case 0: return entry & ~Present;
            case 1: return entry & ~Writable;
            case 2: return entry | NoExecute;
            case 3: return entry | ((ulong)random.Next(16) << 59);
            case 4: return entry | 1UL << 51; // reserved
            default: return entry;
        }
    }

    private static void Write(byte[] image, ulong at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan((int)at), value);

    private static void Write32(byte[] image, ulong at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan((int)at), value);
}
