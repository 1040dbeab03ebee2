using System.Buffers.Binary;

namespace Seamsim.Loading;

/// <summary>A loadable segment: PT_LOAD.</summary>
/// <param name="Physical">p_paddr.</param>
/// <param name="Virtual">p_vaddr.</param>
/// <param name="Offset">p_offset, inside the file.</param>
/// <param name="InFile">p_filesz.</param>
/// <param name="InMemory">p_memsz; what the file does not fill is zero.</param>
internal readonly record struct ElfSegment(ulong Physical, ulong Virtual, int Offset, int InFile, ulong InMemory);

/// <summary>
/// The loadable segments of an ELF executable (also a position-independent one) for i386 or x86-64, either class.
/// System V ABI, "ELF Header" and "Program Header".
/// </summary>
internal sealed class ElfProgram
{
    private const int IdentBytes = 16, Class32 = 1, Class64 = 2, LittleEndian = 1, Load = 1;
    private const int Executable = 2, SharedObject = 3;
    private const int Machine386 = 3, MachineX8664 = 62;
    private readonly List<ElfSegment> segments = [];

    private ElfProgram(ulong entry) => Entry = entry;

    /// <summary>Whether it is of class 64 and for x86-64.</summary>
    public required bool IsX64 { get; init; }

    /// <summary>e_entry: a virtual address.</summary>
    public ulong Entry { get; }

    /// <summary>The segments in the file's order; those without memory are left out.</summary>
    public IReadOnlyList<ElfSegment> Segments => segments;

    /// <summary>The entry as a physical address: through the segment it lies in, else as it stands.</summary>
    public ulong PhysicalEntry
    {
        get
        {
            foreach (ElfSegment segment in segments)
                if (Entry - segment.Virtual < segment.InMemory)
                    return Entry - segment.Virtual + segment.Physical;
            return Entry;
        }
    }

    /// <summary>Whether the bytes begin as an ELF file does.</summary>
    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith("\x7F"u8) && file[1..].StartsWith("ELF"u8);

    /// <summary>Reads the headers; null: what is wrong with the file.</summary>
    public static ElfProgram? Read(ReadOnlySpan<byte> file, out string wrong)
    {
        wrong = "expected a little-endian ELF executable for i386 or x86-64";
        if (!IsElf(file) || file.Length < IdentBytes || file[5] != LittleEndian || file[4] is not (Class32 or Class64))
            return null;
        ElfFields fields = file[4] == Class64 ? ElfFields.Elf64 : ElfFields.Elf32;
        if (file.Length < fields.HeaderBytes || U16(file, 16) is not (Executable or SharedObject)
            || U16(file, 18) is not (Machine386 or MachineX8664))
            return null;
        ElfProgram program = new(fields.Word(file, fields.Entry))
            { IsX64 = file[4] == Class64 && U16(file, 18) == MachineX8664 };
        ulong table = fields.Word(file, fields.Table);
        int size = U16(file, fields.EntryBytes), count = U16(file, fields.EntryBytes + 2);
        wrong = "the program headers lie outside the file";
        if ((count != 0 && size < fields.ProgramHeaderBytes) || table > (ulong)file.Length
            || (ulong)count * (ulong)size > (ulong)file.Length - table)
            return null;
        for (int i = 0; i < count; i++)
            if (!program.TryAdd(file, file[((int)table + (i * size))..], fields, out wrong))
                return null;
        wrong = "there is nothing to load";
        return program.segments.Count == 0 ? null : program;
    }

    private bool TryAdd(ReadOnlySpan<byte> file, ReadOnlySpan<byte> header, ElfFields fields, out string wrong)
    {
        wrong = "";
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Load)
            return true;
        ulong offset = fields.Word(header, fields.Offset), inFile = fields.Word(header, fields.InFile);
        ulong inMemory = fields.Word(header, fields.InMemory), physical = fields.Word(header, fields.Physical);
        wrong = $"the segment at 0x{physical:X} does not fit the file";
        if (inFile > inMemory || inMemory > ulong.MaxValue - physical
            || (inFile != 0 && (offset > (ulong)file.Length || inFile > (ulong)file.Length - offset)))
            return false;
        if (inMemory != 0)
            segments.Add(new ElfSegment(
                physical, fields.Word(header, fields.Virtual), inFile == 0 ? 0 : (int)offset, (int)inFile, inMemory));
        return true;
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    /// <summary>Where the fields of the two classes lie: figures 4-3 and 5-1 of the System V ABI.</summary>
    private sealed record ElfFields(
        int HeaderBytes, int Entry, int Table, int EntryBytes,
        int ProgramHeaderBytes, int Offset, int Virtual, int Physical, int InFile, int InMemory, int WordBytes)
    {
        public static ElfFields Elf32 { get; } = new(52, 24, 28, 42, 32,  4,  8, 12, 16, 20, 4);

        public static ElfFields Elf64 { get; } = new(64, 24, 32, 54, 56,  8, 16, 24, 32, 40, 8);

        /// <summary>An address, offset or size.</summary>
        public ulong Word(ReadOnlySpan<byte> bytes, int at) => WordBytes == 8
            ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..])
            : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
    }
}
