using Iced.Intel;
using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

// Operands of instructions that system handlers execute from their Iced form.
public sealed unsafe partial class Core
{
    /// <summary>Linear address of the memory operand, segment base included; a limit violation is not canonical.</summary>
    internal Gva EffectiveAddress(in Instruction instruction) =>
        new(Segmentation.Linear(this, SegmentIndex(instruction.MemorySegment), EffectiveOffset(instruction),
            (uint)Math.Max(1, instruction.MemorySize.GetSize())));

    /// <summary>The memory operand's offset, cut to the address size (what LEA and INVLPG's 32-bit forms compute).</summary>
    internal ulong EffectiveOffset(in Instruction instruction)
    {
        ulong offset = instruction.MemoryDisplacement64;
        if (!instruction.IsIPRelativeMemoryOperand)
        {
            if (instruction.MemoryBase != Register.None)
                offset += ReadRegister(instruction.MemoryBase);
            if (instruction.MemoryIndex != Register.None)
                offset += ReadRegister(instruction.MemoryIndex) * (ulong)instruction.MemoryIndexScale;
        }
        return AddressBits(instruction) switch
        {
            64 => offset,
            32 => (uint)offset,
            _ => (ushort)offset,
        };
    }

    /// <summary>Value of operand <paramref name="n"/>: a register or an immediate, zero-extended to its own size.</summary>
    internal ulong ReadOperand(in Instruction instruction, int n) => instruction.GetOpKind(n) switch
    {
        OpKind.Register => ReadRegister(instruction.GetOpRegister(n)),
        OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64 => instruction.NearBranchTarget,
        OpKind.Memory => 0,
        _ => instruction.GetImmediate(n),
    };

    /// <summary>Value of operand <paramref name="n"/>, which may be memory of up to 8 bytes; false = fault recorded.</summary>
    internal bool TryReadOperand(in Instruction instruction, int n, out ulong value)
    {
        if (instruction.GetOpKind(n) != OpKind.Memory)
        {
            value = ReadOperand(instruction, n);
            return true;
        }
        int bytes = Math.Clamp(instruction.MemorySize.GetSize(), 1, 8);
        bool ok = CarefulRead(EffectiveAddress(instruction).Value, bytes, SegmentIndex(instruction.MemorySegment));
        value = ok ? Lp->Slow : 0;
        return ok;
    }

    /// <summary>Stores to operand <paramref name="n"/>, a register or memory; false = fault recorded.</summary>
    internal bool TryWriteOperand(in Instruction instruction, int n, ulong value)
    {
        if (instruction.GetOpKind(n) == OpKind.Register)
        {
            WriteRegister(instruction.GetOpRegister(n), value);
            return true;
        }
        int bytes = Math.Clamp(instruction.MemorySize.GetSize(), 1, 8);
        ulong address = EffectiveAddress(instruction).Value;
        if (!CarefulPrepareWrite(address, bytes, SegmentIndex(instruction.MemorySegment)))
            return false;
        CarefulWrite(address, bytes, value);
        return true;
    }

    /// <summary>A general register of any width (or a segment selector), zero-extended.</summary>
    internal ulong ReadRegister(Register register)
    {
        if (register.IsSegmentRegister())
            return (&Lp->Es)[SegmentIndex(register)].Selector;
        ulong full = Lp->Gpr[register.GetFullRegister() - Register.RAX];
        return register.GetSize() switch
        {
            8 => full,
            4 => (uint)full,
            2 => (ushort)full,
            _ => IsHighByte(register) ? (byte)(full >> 8) : (byte)full,
        };
    }

    /// <summary>Writes a general register of any width; 32 bits clear the upper half.</summary>
    internal void WriteRegister(Register register, ulong value)
    {
        ulong* full = &Lp->Gpr[register.GetFullRegister() - Register.RAX];
        switch (register.GetSize())
        {
            case 8: *full = value; break;
            case 4: *full = (uint)value; break;
            case 2: *(ushort*)full = (ushort)value; break;
            default: *((byte*)full + (IsHighByte(register) ? 1 : 0)) = (byte)value; break;
        }
    }

    /// <summary>Position of a segment register in the encoding's order.</summary>
    internal static int SegmentIndex(Register register) => register.IsSegmentRegister() ? register - Register.ES : 3;

    /// <summary>Whether the register is AH, CH, DH or BH.</summary>
    internal static bool IsHighByte(Register register) => register is >= Register.AH and <= Register.BH;

    /// <summary>Address size of a memory operand whose index is a vector: 32 or 64.</summary>
    internal int VsibAddressBits(in Instruction instruction) => instruction.MemoryBase != Register.None
        ? instruction.MemoryBase.GetSize() * 8
        : LongMode64 && instruction.MemoryDisplSize != 4 ? 64 : 32;

    /// <summary>Address size of a memory operand: 16, 32 or 64.</summary>
    internal int AddressBits(in Instruction instruction)
    {
        Register named = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        if (named == Register.RIP)
            return 64;
        if (named == Register.EIP)
            return 32;
        if (named != Register.None)
            return named.GetSize() * 8;
        return instruction.MemoryDisplSize switch
        {
            8 => 64,
            4 => LongMode64 ? 64 : 32,
            2 => 16,
            _ => LongMode64 ? 64 : 32,
        };
    }
}
