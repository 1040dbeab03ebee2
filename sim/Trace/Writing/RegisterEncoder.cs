using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seamsim.Trace;

/// <summary>
/// Writes changes of registers: which (as the difference to what the running block changed the last time) and which of
/// their bits.
/// </summary>
internal sealed class RegisterEncoder(Column to)
{
    /// <summary>States every register that is known, as if it had been zero; the number of records it took.</summary>
    public int PutKnown(Lane lane, BlockModel? block)
    {
        int records = 0;
        if (lane.KnownRegisters != 0)
        {
            to.PutNumber(0);
            PutMask(block, lane.KnownRegisters);
            PutFromZero(lane, 0, lane.KnownRegisters);
            records++;
        }
        for (int register = 0; register < lane.KnownVectors.Length; register++)
        {
            if (lane.KnownVectors[register] == 0)
                continue;
            to.PutNumber((ulong)(1 + register));
            to.PutWord(lane.KnownVectors[register]);
            PutFromZero(lane, Base(1 + register), lane.KnownVectors[register]);
            records++;
        }
        return records;
    }

    /// <summary>Writes one change.</summary>
    /// <param name="lane">The logical processor.</param>
    /// <param name="block">What runs; null: nothing does.</param>
    /// <param name="code">0: the first 32 registers; otherwise one more than the number of a vector register.</param>
    /// <param name="mask">Which of them.</param>
    /// <param name="values">Their new values.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Put(Lane lane, BlockModel? block, int code, uint mask, ReadOnlySpan<ulong> values)
    {
        to.PutNumber((ulong)code);
        if (code == 0)
        {
            PutMask(block, mask);
            lane.KnownRegisters |= mask;
        }
        else
        {
            to.PutWord(mask);
            lane.KnownVectors[code - 1] |= (byte)mask;
        }
        int next = 0;
        for (uint left = mask; left != 0; left &= left - 1)
        {
            ref ulong register = ref lane.Registers[Base(code) + BitOperations.TrailingZeroCount(left)];
            to.PutWord(values[next] ^ register);
            register = values[next++];
        }
    }

    /// <summary>The number of the first register that a mask of this code can name.</summary>
    public static int Base(int code) => code == 0 ? 0 : (int)RegisterId.Zmm0 + (code - 1) * 8;

    private void PutMask(BlockModel? block, uint mask)
    {
        to.PutWord(mask ^ (block?.RegisterMask ?? 0));
        if (block is not null)
            block.RegisterMask = mask;
    }

    private void PutFromZero(Lane lane, int first, uint mask)
    {
        for (uint left = mask; left != 0; left &= left - 1)
            to.PutWord(lane.Registers[first + BitOperations.TrailingZeroCount(left)]);
    }
}
