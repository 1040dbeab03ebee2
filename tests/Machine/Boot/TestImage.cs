using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Boot;

/// <summary>Multiboot images of a few instructions, in each of the forms a loader has to take.</summary>
internal static class TestImage
{
    /// <summary>Where the header, and 16 bytes behind it the first instruction, are loaded.</summary>
    public const uint LoadAddress = 0x10_0000;

    public const uint Magic = 0x1BADB002;
    private const int HeaderBytes = 16, AddressHeaderBytes = 32, Elf32HeaderBytes = 52, Elf32ProgramBytes = 32,
        Elf64HeaderBytes = 64, Elf64ProgramBytes = 56;

    /// <summary>An ELF32 executable whose one segment begins with the Multiboot header.</summary>
    public static byte[] Elf32(Action<Assembler> emit, uint flags = 0)
    {
        byte[] body = Body(emit, flags);
        byte[] file = [.. new byte[Elf32HeaderBytes + Elf32ProgramBytes], .. body];
        Ident(file, 1);
        Put16(file, 16, 2);  // ET_EXEC
        Put16(file, 18, 3);  // EM_386
        Put32(file, 20, 1);
        Put32(file, 24, LoadAddress + HeaderBytes);
        Put32(file, 28, Elf32HeaderBytes);
        Put16(file, 40, Elf32HeaderBytes);
        Put16(file, 42, Elf32ProgramBytes);
        Put16(file, 44, 1);
        int p = Elf32HeaderBytes;
        Put32(file, p, 1);
        Put32(file, p + 4, Elf32HeaderBytes + Elf32ProgramBytes);
        Put32(file, p + 8, LoadAddress);
        Put32(file, p + 12, LoadAddress);
        Put32(file, p + 16, (uint)body.Length);
        Put32(file, p + 20, (uint)body.Length + 0x2000);
        return file;
    }

    /// <summary>
    /// An ELF64 executable linked for the top half, loaded low: the entry is found through its segment.
    /// </summary>
    public static byte[] Elf64(Action<Assembler> emit)
    {
        const ulong linked = 0xFFFF_FFFF_8010_0000;
        byte[] body = Body(emit, 0);
        byte[] file = [.. new byte[Elf64HeaderBytes + Elf64ProgramBytes], .. body];
        Ident(file, 2);
        Put16(file, 16, 2);
        Put16(file, 18, 62); // EM_X86_64
        Put32(file, 20, 1);
        Put64(file, 24, linked + HeaderBytes);
        Put64(file, 32, Elf64HeaderBytes);
        Put16(file, 52, Elf64HeaderBytes);
        Put16(file, 54, Elf64ProgramBytes);
        Put16(file, 56, 1);
        int p = Elf64HeaderBytes;
        Put32(file, p, 1);
        Put64(file, p + 8, Elf64HeaderBytes + Elf64ProgramBytes);
        Put64(file, p + 16, linked);
        Put64(file, p + 24, LoadAddress);
        Put64(file, p + 32, (ulong)body.Length);
        Put64(file, p + 40, (ulong)body.Length);
        return file;
    }

    /// <summary>No file format at all: the Multiboot header has the addresses, some bytes into the file.</summary>
    public static byte[] Addresses(Action<Assembler> emit, int before = 64)
    {
        const uint flags = 1u << 16;
        uint entry = LoadAddress + (uint)before + AddressHeaderBytes;
        byte[] code = Assemble(emit, entry);
        byte[] file = [.. new byte[before + AddressHeaderBytes], .. code];
        Header(file.AsSpan(before), flags);
        Put32(file, before + 12, LoadAddress + (uint)before);
        Put32(file, before + 16, LoadAddress);
        Put32(file, before + 20, 0);
        Put32(file, before + 24, LoadAddress + (uint)file.Length + 0x1000);
        Put32(file, before + 28, entry);
        return file;
    }

    /// <summary>Sends a text through COM1.</summary>
    public static void Print(Assembler code, string text)
    {
        code.mov(dx, 0x3F8);
        foreach (char c in text)
        {
            code.mov(al, (byte)c);
            code.@out(dx, al);
        }
    }

    /// <summary>Ends the run through the exit port.</summary>
    public static void Exit(Assembler code, uint value)
    {
        code.mov(eax, value);
        code.@out(0xF4, eax);
    }

    public static void Put16(byte[] bytes, int at, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), value);

    public static void Put32(byte[] bytes, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);

    public static void Put64(byte[] bytes, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);

    public static byte[] Assemble(Action<Assembler> emit, ulong address, int bitness = 32)
    {
        Assembler code = new(bitness);
        emit(code);
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), address);
        return bytes.ToArray();
    }

    private static byte[] Body(Action<Assembler> emit, uint flags)
    {
        byte[] body = [.. new byte[HeaderBytes], .. Assemble(emit, LoadAddress + HeaderBytes)];
        Header(body, flags);
        return body;
    }

    private static void Header(Span<byte> at, uint flags)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(at, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(at[8..], unchecked(0 - (Magic + flags)));
    }

    private static void Ident(byte[] file, byte elfClass)
    {
        "\x7F"u8.CopyTo(file);
        "ELF"u8.CopyTo(file.AsSpan(1));
        (file[4], file[5], file[6]) = (elfClass, 1, 1);
    }
}
