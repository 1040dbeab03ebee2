using Iced.Intel;
using Seamsim.Tests.Isa.Forms;
using static Iced.Intel.OpCodeOperandKind;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// Lays memory operands into the data window: chooses base, index, scale and displacement, and puts into the registers
/// what makes them address it.
/// </summary>
internal sealed unsafe class WindowPlacer(OperandValues values, ProcessorState* state) : IMemoryPlacer
{
    private const int Rbx = 3, Rsi = 6, Rdi = 7;
    private const ulong Middle = HostArena.Data + 0x1000;
    private readonly OperandRandom random = values.Random;

    /// <summary>Vector registers an index may be.</summary>
    public int Vectors { get; set; }

    public ulong Immediate() => values.Integer();

    /// <summary>Within reach of a short branch, and clear of the instruction.</summary>
    public ulong BranchTarget() =>
        HostProcessor.InstructionAt + (ulong)(values.Chance(50) ? random.Next(0x20, 0x70) : random.Next(-0x70, -0x10));

    public void PlaceRegister(Register register) =>
        state->Gpr[register.GetFullRegister() - Register.RAX] = Widen(Target(64), register.GetSize() < 8);

    public void PlaceImplicit(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        bool wide = n > 0 && i.GetOpKind(n - 1) is OpKind.MemorySegRSI or OpKind.MemoryESRDI
            || !(n > 0 && i.GetOpKind(n - 1) is OpKind.MemorySegESI or OpKind.MemoryESEDI) && values.Chance(80);
        i.SetOpKind(n, kind switch
        {
            seg_rSI => wide ? OpKind.MemorySegRSI : OpKind.MemorySegESI,
            es_rDI => wide ? OpKind.MemoryESRDI : OpKind.MemoryESEDI,
            seg_rDI => wide ? OpKind.MemorySegRDI : OpKind.MemorySegEDI,
            _ => OpKind.Memory,
        });
        ulong at = Middle + (ulong)random.Next(-0x400, 0x400);
        switch (kind)
        {
            case seg_rSI:
                state->Gpr[Rsi] = Widen(at, !wide);
                break;
            case es_rDI or seg_rDI:
                state->Gpr[Rdi] = Widen(at, !wide);
                break;
            default:
                i.MemoryBase = wide ? Register.RBX : Register.EBX;
                i.MemoryIndex = Register.AL;
                i.MemoryIndexScale = 1;
                state->Gpr[Rbx] = Widen(at - (byte)state->Gpr[0], !wide);
                break;
        }
    }

    public void Place(ref Instruction i, int n, OpCodeOperandKind kind)
    {
        ulong target = Target(XsaveArrangement.Saves(i.Mnemonic) ? XsaveArrangement.Bytes : Math.Max(1, i.MemorySize.GetSize()));
        if (kind == mem_offs)
            SetDisplacement(ref i, (long)target, 8);
        else if (FormOperands.IsVectorIndexed(kind))
            PlaceVectorIndexed(ref i, kind);
        else
            PlacePlain(ref i, target);
    }

    private ulong Target(int bytes)
    {
        ulong span = HostArena.WindowEnd - HostArena.Data - 0x200 - (ulong)bytes;
        ulong at = HostArena.Data + 0x100 + ((ulong)random.Next() % span);
        int choice = random.Next(100);
        if (choice < 10 && bytes > 1)
            return Middle - (ulong)random.Next(1, bytes); // across two pages
        ulong alignment = bytes > 64 ? 64 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes);
        return choice < 75 ? (at + alignment - 1) & ~(alignment - 1) : at;
    }

    private void PlacePlain(ref Instruction i, ulong target)
    {
        int choice = random.Next(100);
        if (choice < 18)
        {
            i.MemoryBase = choice < 12 ? Register.RIP : Register.None;
            SetDisplacement(ref i, (long)target, 8);
            return;
        }
        bool narrow = choice > 90; // an address-size prefix
        bool withBase = values.Chance(85), withIndex = !withBase || values.Chance(50);
        int baseNumber = random.Next(16), indexNumber = random.Next(15);
        if (indexNumber >= 4)
            indexNumber++; // RSP is no index
        bool same = withBase && withIndex && baseNumber == indexNumber;
        int scale = withIndex ? 1 << random.Next(4) : 1;
        ulong index = withIndex ? IndexValue(small: same || !withBase) : 0;
        ulong rest = target - (index * (ulong)scale);
        long displacement = same ? (long)(rest - index) : withBase ? SomeDisplacement() : (long)rest;
        if (withIndex)
            state->Gpr[indexNumber] = Widen(index, narrow);
        if (withBase && !same)
            state->Gpr[baseNumber] = Widen(rest - (ulong)displacement, narrow);
        Register first = narrow ? Register.EAX : Register.RAX;
        i.MemoryBase = withBase ? first + baseNumber : Register.None;
        i.MemoryIndex = withIndex ? first + indexNumber : Register.None;
        i.MemoryIndexScale = scale;
        SetDisplacement(ref i, displacement, DisplacementSize(displacement, withBase, narrow));
    }

    private long SomeDisplacement() => random.Next(3) switch
    {
        0 => 0,
        1 => random.Next(-128, 128),
        _ => random.Next(-0x200000, 0x200000),
    };

    private static int DisplacementSize(long displacement, bool withBase, bool narrow)
    {
        if (withBase && displacement is >= -128 and <= 127)
            return displacement == 0 ? 0 : 1;
        return narrow ? 4 : 8;
    }

    /// <summary>Small where a displacement has to make up for it.</summary>
    private ulong IndexValue(bool small)
    {
        if (small)
            return (ulong)random.Next(0x10000);
        return values.Chance(50) ? (ulong)random.Next(-0x100, 0x100) : values.Integer();
    }

    private ulong Widen(ulong value, bool narrow) => narrow ? (values.Random64() << 32) | (uint)value : value;

    private static void SetDisplacement(ref Instruction i, long displacement, int size)
    {
        i.MemoryDisplSize = size;
        i.MemoryDisplacement64 = size == 4 ? (uint)displacement : (ulong)displacement;
    }

    private void PlaceVectorIndexed(ref Instruction i, OpCodeOperandKind kind)
    {
        Register first = kind switch
        {
            mem_vsib32x or mem_vsib64x => Register.XMM0, mem_vsib32y or mem_vsib64y => Register.YMM0, _ => Register.ZMM0,
        };
        int index = random.Next(Vectors);
        for (int tries = 0; tries < 64 && IsUsed(i, index); tries++)
            index = random.Next(Vectors);
        int baseNumber = random.Next(16), scale = 1 << random.Next(4), displacement = random.Next(-0x1000, 0x1000);
        i.MemoryBase = Register.RAX + baseNumber;
        i.MemoryIndex = first + index;
        i.MemoryIndexScale = scale;
        SetDisplacement(ref i, displacement, 8);
        state->Gpr[baseNumber] = Middle - (ulong)displacement;
        bool wide = kind is mem_vsib64x or mem_vsib64y or mem_vsib64z;
        SetIndices(state->Zmm + (index * 8), wide, 0xE00 / scale);
    }

    private void SetIndices(ulong* register, bool wide, int reach)
    {
        for (int element = 0; element < (wide ? 8 : 16); element++)
            if (wide)
                register[element] = (ulong)random.Next(-reach, reach);
            else
                ((int*)register)[element] = random.Next(-reach, reach);
    }

    private static bool IsUsed(in Instruction i, int vector)
    {
        for (int n = 0; n < i.OpCount; n++)
            if (i.GetOpKind(n) == OpKind.Register && i.GetOpRegister(n).IsVectorRegister()
                && i.GetOpRegister(n).GetNumber() == vector)
                return true;
        return false;
    }
}
