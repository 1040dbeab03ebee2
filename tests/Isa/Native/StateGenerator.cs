using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Random states of a processor with every floating-point exception masked.</summary>
internal sealed unsafe class StateGenerator
{
    private const int PoolBytes = 1 << 18, Line = 64, Uses = 4096;
    private const ulong Arithmetic = 0x8D5, Direction = 0x400, Always = 0x202;
    private const uint Masks = 0x1F80, DenormalsAreZero = 0x40, FlushToZero = 0x8000, Sticky = 0x3F;
    private const ushort X87Masks = 0x7F;
    private readonly OperandValues values;
    private readonly OperandRandom random;
    private readonly byte[] pool = new byte[PoolBytes];
    private int used;

    public StateGenerator(OperandValues values) => (this.values, random) = (values, values.Random);

    /// <summary>Registers, and the memory window.</summary>
    public void Fill(ref ProcessorState state, Span<byte> window)
    {
        if (used++ % Uses == 0)
            for (int at = 0; at < PoolBytes; at += Line)
                values.Fill(pool.AsSpan(at, Line));
        for (int i = 0; i < 16; i++)
            state.Gpr[i] = values.Integer();
        state.Gpr[4] = HostArena.Window + 0x800 + (ulong)(values.Chance(85) ? random.Next(0x40) * 8 : random.Next(0x200));
        state.Rflags = Always | ((ulong)random.Next() & Arithmetic) | (values.Chance(25) ? Direction : 0);
        FillVectors(ref state);
        FillX87(ref state);
        Take(window.Length).CopyTo(window);
    }

    /// <summary>Lines of elements of one kind; made once and used in many orders, because there are so many.</summary>
    private ReadOnlySpan<byte> Take(int bytes) =>
        pool.AsSpan(random.Next((PoolBytes - bytes) / Line) * Line, bytes);

    private void FillVectors(ref ProcessorState state)
    {
        fixed (ulong* zmm = state.Zmm)
            for (int i = 0; i < 32; i++)
            {
                Span<byte> register = new(zmm + (i * 8), 64);
                Take(Line).CopyTo(register);
                if (values.Chance(15))
                    register[..16].CopyTo(register[16..]);
            }
        for (int i = 0; i < 8; i++)
            state.K[i] = random.Next(4) switch { 0 => ulong.MaxValue, 1 => values.Integer(), _ => values.Random64() };
        uint mxcsr = Masks | ((uint)random.Next(4) << 13);
        if (values.Chance(20))
            mxcsr |= DenormalsAreZero;
        if (values.Chance(20))
            mxcsr |= FlushToZero;
        if (values.Chance(10)) // some exceptions are taken: #XM
            mxcsr &= ~((uint)random.Next() & Masks);
        state.Mxcsr = values.Chance(50) ? mxcsr : mxcsr | ((uint)random.Next() & Sticky);
    }

    private void FillX87(ref ProcessorState state)
    {
        int precision = random.Next(10) switch { 0 => 0, 1 => 1, 2 => 2, _ => 3 };
        int rounding = values.Chance(50) ? 0 : random.Next(4);
        state.Fcw = (ushort)(X87Masks | (precision << 8) | (rounding << 10));
        int conditions = random.Next() & 0x4700, sticky = values.Chance(50) ? 0 : random.Next() & 0x7F;
        state.Fsw = (ushort)((random.Next(8) << 11) | conditions | sticky);
        state.Ftw = (ushort)(values.Chance(60) ? 0xFF : random.Next(256));
        for (int i = 0; i < 8; i++)
        {
            (ulong significand, ushort signAndExponent) = values.Extended();
            // MMX values have all ones there
            state.St[i * 2] = values.Chance(80) ? significand : values.Integer();
            state.St[(i * 2) + 1] = values.Chance(85) ? signAndExponent : 0xFFFFu;
        }
    }
}
