using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// FIP, FDP and FOP. FOP is written with an unmasked exception only (the fopcode compatibility sub-mode is off), FDP
/// too where CPUID.(7,0):EBX[6] says so, and the selectors read as zero where EBX[13] does. SDM vol. 1, 8.1.8 and
/// 8.1.9.
/// </summary>
internal static unsafe class X87Pointers
{
    private const uint DataOnExceptionsOnly = 1 << 6, NoSelectors = 1 << 13;

    public static void Update(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        uint features = core.X87Features;
        bool excepted = (lp->Fsw & X87Status.ErrorSummary) != 0;
        bool selectors = (features & NoSelectors) == 0;
        lp->Fip = lp->Rip;
        lp->Fcs = selectors ? lp->Cs.Selector : (ushort)0;
        if (excepted)
            lp->Fop = Opcode(core, i);
        if (i.Op0Kind != OpKind.Memory || !(excepted || (features & DataOnExceptionsOnly) == 0))
            return;
        lp->Fdp = core.EffectiveOffset(i);
        lp->Fds = selectors ? (&lp->Es)[Core.SegmentIndex(i.MemorySegment)].Selector : (ushort)0;
    }

    /// <summary>The low three bits of the first opcode byte, and the second one.</summary>
    private static ushort Opcode(Core core, in Instruction i)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes = bytes[..i.Length];
        ulong linear = core.LongMode64 ? core.Lp->Rip : (uint)(core.Lp->Cs.Base + core.Lp->Rip);
        if (!core.TryPeek(linear, bytes))
            return core.Lp->Fop;
        int at = bytes.IndexOfAnyInRange((byte)0xD8, (byte)0xDF);
        return at < 0 || at + 1 >= bytes.Length ? core.Lp->Fop : (ushort)((bytes[at] & 7) << 8 | bytes[at + 1]);
    }
}
