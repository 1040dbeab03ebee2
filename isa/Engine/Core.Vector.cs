using Iced.Intel;
using Seamsim.Isa.Decode.Simd;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter.Simd;

namespace Seamsim.Isa.State;

// Vector instructions that are executed out of line, and what all of them share.
public sealed unsafe partial class Core
{
    private const uint SimdFlags = 0x3F, PreComputationFlags = 7;

    /// <summary>In SimdRaised: an operation of several steps has told what each of them reports.</summary>
    internal const uint SimdStepwise = 1u << 31;

    private const int SimdMaskShift = 7;

    /// <summary>
    /// Merges <see cref="LogicalProcessor.SimdRaised"/> into MXCSR; false leaves #XM (or #UD without CR4.OSXMMEXCPT)
    /// recorded, because one of them is unmasked. SDM vol. 1, 11.5.1.
    /// </summary>
    internal bool AcceptSimdExceptions()
    {
        uint raised = Lp->SimdRaised & SimdFlags, unmasked = raised & ~(Lp->Mxcsr >> SimdMaskShift);
        if ((unmasked & PreComputationFlags) != 0 && (Lp->SimdRaised & SimdStepwise) == 0)
            raised &= PreComputationFlags; // taken before any element is computed: SDM vol. 1, 11.5.3
        Lp->Mxcsr |= raised;
        if (unmasked == 0)
            return true;
        Raise((Lp->Cr4 & Cr4Bit.Osxmmexcpt) != 0 ? Vector.XM : Vector.UD);
        return false;
    }

    /// <summary>Executes the instruction of an op with family VectorGeneral; false: a fault is recorded.</summary>
    internal bool ExecuteVector(Op* op)
    {
        Instruction* instruction = (Instruction*)op->Imm;
        VectorRow row = VectorTable.RowAt(op->VDst);
        return row.Special is { } special
            ? special(this, *instruction)
            : new VectorExecution(this, *instruction, row).Run();
    }

    /// <summary>Reads 1, 2, 4, 8, 16, 32 or 64 bytes, through the TLB when it answers; false = fault.</summary>
    internal bool TryReadVector(ulong address, int bytes, int segment, byte* destination)
    {
        if (bytes <= 8)
        {
            if (!TryFastRead(address, bytes, segment))
                return false;
            new ReadOnlySpan<byte>(&Lp->Slow, bytes).CopyTo(new Span<byte>(destination, bytes));
            return true;
        }
        Paging.TlbEntry* entry = Paging.Tlb.Slot(Lp, address);
        Span<byte> to = new(destination, bytes);
        if (((address + (ulong)(bytes - 1)) & ~0xFFFUL) != entry->ReadTag)
        {
            if (!CarefulRead(address, bytes, segment))
                return false;
            new ReadOnlySpan<byte>(&Lp->SlowVector, bytes).CopyTo(to);
            return true;
        }
        new ReadOnlySpan<byte>((byte*)(address + entry->Addend), bytes).CopyTo(to);
        TellAccess(address, write: false, to);
        return true;
    }

    /// <summary>Writes as <see cref="TryReadVector"/> reads; on a fault nothing has changed.</summary>
    internal bool TryWriteVector(ulong address, int bytes, int segment, byte* source)
    {
        ReadOnlySpan<byte> from = new(source, bytes);
        if (bytes <= 8)
        {
            ulong value = 0;
            from.CopyTo(new Span<byte>(&value, 8));
            return TryFastWrite(address, bytes, segment, value);
        }
        Paging.TlbEntry* entry = Paging.Tlb.Slot(Lp, address);
        if (((address + (ulong)(bytes - 1)) & ~0xFFFUL) != entry->WriteTag)
        {
            if (!CarefulPrepareWrite(address, bytes, segment))
                return false;
            from.CopyTo(new Span<byte>(&Lp->SlowVector, bytes));
            CarefulWriteVector(address, bytes);
            return true;
        }
        TellAccess(address, write: true, from);
        from.CopyTo(new Span<byte>((byte*)(address + entry->Addend), bytes));
        return true;
    }

    /// <summary>Reads the elements of a mask; the others are neither accessed nor changed at the destination.</summary>
    internal bool TryReadElements(ulong address, int element, int count, ulong mask, int segment, byte* destination)
    {
        for (int i = 0; i < count; i++)
            if (((mask >> i) & 1) != 0
                && !TryReadVector(address + (ulong)(i * element), element, segment, destination + (i * element)))
                return false;
        return true;
    }

    /// <summary>Writes the elements of a mask, after all of them have turned out to be writable.</summary>
    internal bool TryWriteElements(ulong address, int element, int count, ulong mask, int segment, byte* source)
    {
        for (int i = 0; i < count; i++)
            if (((mask >> i) & 1) != 0 && !CarefulPrepareWrite(address + (ulong)(i * element), element, segment))
                return false;
        for (int i = 0; i < count; i++)
            if (((mask >> i) & 1) != 0)
                TryWriteVector(address + (ulong)(i * element), element, segment, source + (i * element));
        return true;
    }
}
