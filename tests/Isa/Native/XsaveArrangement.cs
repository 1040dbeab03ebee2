using System.Runtime.CompilerServices;
using Iced.Intel;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// XSAVE and its kin on SSE and AVX state, whose place is the same on every processor (x87 pointers are not, see
/// <see cref="Undefined"/>), and headers for XRSTOR that pass its checks, mostly.
/// </summary>
internal sealed unsafe class XsaveArrangement(OperandValues values)
{
    /// <summary>Legacy region, header and AVX state.</summary>
    public const int Bytes = 832;

    private const int Header = 512;
    private const ulong Compacted = 1UL << 63;

    private readonly OperandRandom random = values.Random;

    public static bool Saves(Mnemonic mnemonic) => mnemonic is Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsaveopt
        or Mnemonic.Xsaveopt64 or Mnemonic.Xsavec or Mnemonic.Xsavec64 or Mnemonic.Xrstor or Mnemonic.Xrstor64;

    /// <summary>EDX:EAX names the components, so it cannot be part of the address.</summary>
    public static bool IsMaskFree(in Instruction i) => !Saves(i.Mnemonic)
        || i.MemoryBase.GetFullRegister() is not (Register.RAX or Register.RDX)
        && i.MemoryIndex.GetFullRegister() is not (Register.RAX or Register.RDX);

    public void Apply(in Instruction i, ref ProcessorState state, Span<byte> window)
    {
        ulong at = IsMaskFree(i) ? AddressRule.Of(i, state) : 0;
        if (at < HostArena.Window || at > HostArena.WindowEnd - Bytes)
            return;
        state.Gpr[0] = (ulong)random.Next(4) << 1;
        state.Gpr[2] = 0;
        Span<byte> area = window[(int)(at - HostArena.Window)..];
        Word(area, 24) = (ulong)random.Next() & (values.Chance(95) ? 0xFFFFUL : 0x1FFFF);
        area.Slice(Header, 64).Clear();
        ulong present = (ulong)random.Next(8);
        Word(area, Header) = values.Chance(95) ? present : 1UL << random.Next(64);
        Word(area, Header + 8) = random.Next(10) switch
        {
            < 5 => 0,
            < 9 => Compacted | present | (uint)random.Next(8),
            _   => values.Random64(),
        };
        if (values.Chance(5))
            area[Header + random.Next(16, 64)] = 1;
    }

    private static ref ulong Word(Span<byte> area, int offset) => ref Unsafe.As<byte, ulong>(ref area[offset]);
}
