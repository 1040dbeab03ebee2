using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>BT, BTS, BTR, BTC with a memory operand and a register bit offset, which may reach anywhere. SDM vol. 2.</summary>
internal static unsafe class BitStrings
{
    public static Outcome Bt(Core core, in Instruction i)
    {
        int bytes = i.MemorySize.GetSize(), bits = bytes * 8;
        ulong raw = core.ReadOperand(i, 1);
        long offset = bytes switch { 8 => (long)raw, 4 => (int)raw, _ => (short)raw };
        long unit = offset >> global::System.Numerics.BitOperations.Log2((uint)bits);
        ulong effective = core.EffectiveOffset(i) + (ulong)(unit * bytes);
        effective = core.AddressBits(i) switch { 64 => effective, 32 => (uint)effective, _ => (ushort)effective };
        int segment = Core.SegmentIndex(i.MemorySegment);
        ulong at = Segmentation.Linear(core, segment, effective, (uint)bytes);
        bool writes = i.Mnemonic != Mnemonic.Bt;
        if (writes && !core.CarefulPrepareWrite(at, bytes, segment))
            return Outcome.Fault;
        if (!core.CarefulRead(at, bytes, segment))
            return Outcome.Fault;
        ulong value = core.Lp->Slow, bit = 1UL << (int)(offset & (bits - 1));
        LazyFlags.Update(core.Lp, RflagsBit.Cf, (value & bit) != 0 ? RflagsBit.Cf : 0);
        if (writes)
            core.CarefulWrite(at, bytes, i.Mnemonic switch
            {
                Mnemonic.Bts => value | bit,
                Mnemonic.Btr => value & ~bit,
                _ => value ^ bit,
            });
        return Outcome.Next;
    }
}
