using Iced.Intel;
using static Iced.Intel.OpCodeOperandKind;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Memory operands anywhere, in code of any size.</summary>
internal sealed class RandomPlacer(OperandRandom random) : IMemoryPlacer
{
    private static readonly (Register Base, Register Index)[] Pairs16 =
    [
        (Register.BX, Register.SI), (Register.BX, Register.DI), (Register.BP, Register.SI), (Register.BP, Register.DI),
        (Register.SI, Register.None), (Register.DI, Register.None), (Register.BP, Register.None),
        (Register.BX, Register.None), (Register.None, Register.None),
    ];

    /// <summary>16, 32 or 64.</summary>
    public int Bits { get; set; } = 64;

    /// <summary>Where the instruction will lie: branches go near it.</summary>
    public ulong InstructionAt { get; set; }

    public ulong Immediate() => random.Next(3) switch
    {
        0 => (ulong)random.Next(-8, 9),
        1 => 1UL << random.Next(64),
        _ => random.Next64(),
    };

    public ulong BranchTarget() => InstructionAt + (ulong)random.Next(-100, 100);

    public void PlaceRegister(Register register)
    {
    }

    public void PlaceImplicit(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        OpKind other = n > 0 ? i.GetOpKind(n - 1) : OpKind.Register;
        int size = other switch
        {
            OpKind.MemorySegSI or OpKind.MemoryESDI => 16,
            OpKind.MemorySegESI or OpKind.MemoryESEDI => 32,
            OpKind.MemorySegRSI or OpKind.MemoryESRDI => 64,
            _ => AddressBits(),
        };
        if (kind == seg_rBX_al)
        {
            i.SetOpKind(n, OpKind.Memory);
            i.MemoryBase = size switch { 16 => Register.BX, 32 => Register.EBX, _ => Register.RBX };
            i.MemoryIndex = Register.AL;
            i.MemoryIndexScale = 1;
            return;
        }
        OpKind first = kind switch
        {
            seg_rSI => OpKind.MemorySegSI, es_rDI => OpKind.MemoryESDI, _ => OpKind.MemorySegDI,
        };
        // Iced orders SI, ESI, RSI, DI, EDI, RDI, and ES:DI, EDI, RDI
        i.SetOpKind(n, first + (size switch { 16 => 0, 32 => 1, _ => 2 }));
    }

    public void Place(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        if (random.Next(8) == 0)
            i.SegmentPrefix = Register.ES + random.Next(6);
        int size = AddressBits();
        if (kind == mem_offs || size != 16 && random.Next(8) == 0 && !FormOperands.IsVectorIndexed(kind))
            SetDisplacement(ref i, random.Next64(), size);
        else if (size == 16)
            Place16(ref i);
        else
            PlaceWide(ref i, kind, size);
    }

    private void Place16(ref Instruction i)
    {
        (i.MemoryBase, i.MemoryIndex) = Pairs16[random.Next(Pairs16.Length)];
        SetDisplacement(ref i, random.Next64(), 16);
    }

    private void PlaceWide(ref Instruction i, OpCodeOperandKind kind, int size)
    {
        Register first = size == 64 ? Register.RAX : Register.EAX;
        int registers = Bits == 64 ? 16 : 8;
        if (Bits == 64 && random.Next(8) == 0 && kind is not (mem_mib or sibmem) && !FormOperands.IsVectorIndexed(kind))
        {
            i.MemoryBase = size == 64 ? Register.RIP : Register.EIP;
            i.MemoryDisplSize = size / 8;
            i.MemoryDisplacement64 = InstructionAt + (ulong)random.Next(-0x2000, 0x2000);
            return;
        }
        i.MemoryBase = first + random.Next(registers);
        i.MemoryIndex = VectorIndex(kind) ?? (random.Next(2) == 0 ? first + random.Next(registers) : Register.None);
        i.MemoryIndexScale = i.MemoryIndex == Register.None ? 1 : 1 << random.Next(4);
        if (random.Next(2) == 0)
            SetDisplacement(ref i, (ulong)random.Next(-0x1000, 0x1000), size);
    }

    private Register? VectorIndex(OpCodeOperandKind kind)
    {
        int number = random.Next(Bits == 64 ? 16 : 8);
        return kind switch
        {
            mem_vsib32x or mem_vsib64x => Register.XMM0 + number,
            mem_vsib32y or mem_vsib64y => Register.YMM0 + number,
            mem_vsib32z or mem_vsib64z => Register.ZMM0 + number,
            _ => null,
        };
    }

    private static void SetDisplacement(ref Instruction i, ulong value, int size)
    {
        i.MemoryDisplSize = size / 8;
        i.MemoryDisplacement64 = size switch { 16 => (ushort)value, 32 => (uint)value, _ => (ulong)(int)value };
    }

    /// <summary>Mostly that of the code, sometimes the other one.</summary>
    private int AddressBits()
    {
        bool other = random.Next(6) == 0;
        return Bits switch { 64 => other ? 32 : 64, 32 => other ? 16 : 32, _ => other ? 32 : 16 };
    }
}
