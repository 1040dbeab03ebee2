using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private readonly SortedSet<string> unmodelled = new(StringComparer.Ordinal);

    /// <summary>Mnemonics of instructions that were met and are not modelled (each raised #UD), in order.</summary>
    public IReadOnlyCollection<string> UnmodelledInstructions => unmodelled;

    private Outcome Execute(in Instruction instruction)
    {
        if (instruction.Length > 15)
            return RaiseGp0();
        if (instruction.IsInvalid)
            return Raise(Vector.UD);
        if (!IsAvailable(instruction))
            return Outcome.Fault;
        if (SystemTable.Find(instruction) is { } handler)
            return handler(this, instruction);
        unmodelled.Add(instruction.Mnemonic.ToString().ToLowerInvariant());
        return Raise(Vector.UD);
    }

    /// <summary>Size of a stack address: 8, 4 or 2 bytes.</summary>
    internal int StackAddressBytes => LongMode64 ? 8 : (Lp->Ss.AccessRights & SegmentBit.Big) != 0 ? 4 : 2;

    /// <summary>The stack pointer, cut to the stack's address size.</summary>
    internal ulong StackPointer
    {
        get => StackAddressBytes switch { 8 => Lp->Gpr[4], 4 => (uint)Lp->Gpr[4], _ => (ushort)Lp->Gpr[4] };
        set
        {
            switch (StackAddressBytes)
            {
                case 8: Lp->Gpr[4] = value; break;
                case 4: Lp->Gpr[4] = (uint)value; break;
                default: *(ushort*)&Lp->Gpr[4] = (ushort)value; break;
            }
        }
    }

    /// <summary>Reads a stack slot <paramref name="offset"/> bytes above the stack pointer; false = fault recorded.</summary>
    internal bool TryReadStack(int offset, int bytes, out ulong value) =>
        TryReadStackAt(StackPointer + (ulong)offset, bytes, out value);

    /// <summary>Reads the stack segment at an offset, cut to the stack's address size; false = fault recorded.</summary>
    internal bool TryReadStackAt(ulong offset, int bytes, out ulong value)
    {
        ulong at = CutStack(offset);
        bool ok = CarefulRead(Segmentation.Linear(this, StackSegment, at, (uint)bytes), bytes, StackSegment);
        value = ok ? Lp->Slow : 0;
        return ok;
    }

    /// <summary>Whether the top of the stack takes a store; false = fault recorded.</summary>
    internal bool CanWriteStack(int bytes) =>
        CarefulPrepareWrite(Segmentation.Linear(this, StackSegment, StackPointer, (uint)bytes), bytes, StackSegment);

    /// <summary>Pushes one value; on a fault nothing has changed.</summary>
    internal bool TryPush(ulong value, int bytes) => TryPush(value, bytes, bytes);

    /// <summary>As <see cref="TryPush(ulong, int)"/>, writing only the lower bytes of the slot.</summary>
    internal bool TryPush(ulong value, int slot, int bytes)
    {
        if (!TryPreparePush(slot, bytes, out ulong linear))
            return false;
        CompletePush(linear, value, slot, bytes);
        return true;
    }

    /// <summary>Translates a push, which <see cref="CompletePush"/> makes; no other access may come between them.</summary>
    internal bool TryPreparePush(int slot, int bytes, out ulong linear)
    {
        linear = Segmentation.Linear(this, StackSegment, CutStack(StackPointer - (ulong)slot), (uint)bytes);
        return CarefulPrepareWrite(linear, bytes, StackSegment);
    }

    /// <summary>Makes a prepared push.</summary>
    internal void CompletePush(ulong linear, ulong value, int slot, int bytes)
    {
        CarefulWrite(linear, bytes, value);
        StackPointer = CutStack(StackPointer - (ulong)slot);
    }

    private ulong CutStack(ulong address) => StackAddressBytes switch
    {
        8 => address, 4 => (uint)address, _ => (ushort)address,
    };

    /// <summary>Jumps within the code segment; a target outside it is #GP(0) and RIP stays.</summary>
    internal Outcome JumpNear(ulong target)
    {
        bool inside = LongMode64 ? IsCanonical(target) : target <= Lp->Cs.Limit;
        if (!inside)
            return RaiseGp0();
        Lp->Rip = target;
        return Outcome.Jumped;
    }

}
