using System.Buffers.Binary;

namespace Seamsim.Isa.Engine;

/// <summary>
/// The dynamic and static fields of a 16- or 32-bit task-state segment, by their place. SDM vol. 3A, 7.2.1 and 7.6.
/// </summary>
internal readonly ref struct TaskState(Span<byte> bytes, bool wide)
{
    /// <summary>Least limit of a 32-bit and of a 16-bit TSS.</summary>
    public const uint LeastLimit32 = 0x67, LeastLimit16 = 0x2B;

    /// <summary>Bytes of the 32-bit and of the 16-bit TSS that a task switch reads.</summary>
    public const int Bytes32 = 104, Bytes16 = 44;

    /// <summary>Where the fields begin and end that a task switch writes when it leaves a task.</summary>
    public const int Dynamic32 = 0x20, DynamicEnd32 = 0x60, Dynamic16 = 0x0E, DynamicEnd16 = 0x2A;

    private const int Link = 0, Cr3At = 0x1C, LdtAt32 = 0x60, LdtAt16 = 0x2A, TrapAt = 0x64;

    private readonly Span<byte> bytes = bytes;

    public ushort BackLink => Word(Link);

    public uint Cr3 => wide ? Dword(Cr3At) : 0;

    public ushort Ldt => Word(wide ? LdtAt32 : LdtAt16);

    /// <summary>T: a debug trap when the task is entered.</summary>
    public bool Trap => wide && (bytes[TrapAt] & 1) != 0;

    public uint Eip
    {
        get => Register(0);
        set => SetRegister(0, value);
    }

    public uint Flags
    {
        get => Register(1);
        set => SetRegister(1, value);
    }

    /// <summary>A general register, in the encoding's order. The upper half of a 16-bit field reads as ones.</summary>
    public uint Gpr(int register) => wide ? Register(2 + register) : Register(2 + register) | 0xFFFF_0000;

    public void SetGpr(int register, uint value) => SetRegister(2 + register, value);

    /// <summary>A segment selector, ES to GS in the encoding's order; a 16-bit TSS has no FS and GS.</summary>
    public ushort Selector(int segment) => wide ? Word(0x48 + (4 * segment)) : segment < 4 ? Word(0x22 + (2 * segment)) : (ushort)0;

    public void SetSelector(int segment, ushort value)
    {
        if (wide || segment < 4)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(wide ? 0x48 + (4 * segment) : 0x22 + (2 * segment))..], value);
    }

    private uint Register(int n) => wide ? Dword(0x20 + (4 * n)) : Word(0x0E + (2 * n));

    private void SetRegister(int n, uint value)
    {
        if (wide)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(0x20 + (4 * n))..], value);
        else
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(0x0E + (2 * n))..], (ushort)value);
    }

    private ushort Word(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private uint Dword(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
