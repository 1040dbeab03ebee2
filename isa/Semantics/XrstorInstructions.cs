using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// XRSTOR and XRSTORS. SDM vol. 1, 13.8 and 13.12; vol. 2. Everything is read and checked before a register changes.
/// </summary>
internal static unsafe class XrstorInstructions
{
    private const int CetUserComponent = 11;
    private const ulong X87 = 1, Sse = 2, Avx = 4, CetUser = 1UL << CetUserComponent;
    private const ulong ModeState = 1 << 9 | CetUser | 1 << 12; // protection keys and CET take part in paging and blocks
    private const int MaxAreaBytes = 16384;

    public static Outcome Xrstor(Core core, in Instruction i) =>
        XsaveRules.IsUsable(core) ? Restore(core, i, core.Lp->Xcr0, compactOnly: false) : Outcome.Fault;

    public static Outcome Xrstors(Core core, in Instruction i)
    {
        if (core.GuestLacks(ProcControls2.EnableXsaves))
            return core.Raise(Vector.UD);
        if (!XsaveRules.IsUsable(core))
            return Outcome.Fault;
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.InterceptsXss(ExitReason.Xrstors, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.Xrstors, core.EffectiveAddress(i).Value);
        return Restore(core, i, core.Lp->Xcr0 | core.Lp->Xss, compactOnly: true);
    }

    private static Outcome Restore(Core core, in Instruction i, ulong enabled, bool compactOnly)
    {
        if (!XsaveArea.TryLocate(core, i, XsaveArea.ExtendedAt, XsaveArea.Alignment, out Gva area))
            return Outcome.Fault;
        Span<byte> image = stackalloc byte[MaxAreaBytes];
        if (!core.TryReadLinear(area, image[..XsaveArea.ExtendedAt], core.Cpl))
            return Outcome.Fault;
        if (!TryParse(image, enabled, compactOnly, out ulong present, out ulong compaction))
            return core.RaiseGp0();
        XsaveLayout layout = core.Extended.Layout;
        ulong requested = XsaveRules.Requested(core, enabled), restored = requested & present & ~XsaveRules.Disabled(core);
        bool standard = (compaction & XsaveArea.Compacted) == 0, mxcsr = standard ? (requested & (Sse | Avx)) != 0 : (restored & Sse) != 0;
        if (mxcsr && !LegacyRegion.TryReadMxcsr(image, out _))
            return core.RaiseGp0();
        Func<int, int> offsetOf = standard ? layout.StandardOffset : c => layout.CompactedOffset(compaction, c);
        if (!TryReadExtended(core, area, restored, offsetOf, image))
            return Outcome.Fault;
        if ((restored & CetUser) != 0 && !Core.IsLegalCetState(image[offsetOf(CetUserComponent)..]))
            return core.RaiseGp0();

        if ((restored & X87) != 0)
            LegacyRegion.RestoreX87(core, image, LegacyRegion.IsWide(i));
        if ((restored & Sse) != 0)
            core.Extended.Write(1, image[LegacyRegion.XmmAt..], core.LongMode64);
        for (int c = 2; c < 63; c++)
            if (((restored >> c) & 1) != 0)
                core.Extended.Write(c, image[offsetOf(c)..], core.LongMode64);
        core.Extended.InitialiseRegisters(requested & ~restored, core.LongMode64);
        if (mxcsr)
            LegacyRegion.TryReadMxcsr(image, out core.Lp->Mxcsr);
        else if (!standard && (requested & Sse) != 0)
            core.Lp->Mxcsr = ExtendedState.InitialMxcsr;
        if ((requested & ModeState) != 0)
            core.ModeChanged();
        return Outcome.Next;
    }

    /// <summary>XSTATE_BV and XCOMP_BV, when the header passes its checks; false is #GP(0).</summary>
    private static bool TryParse(
        ReadOnlySpan<byte> image, ulong enabled, bool compactOnly, out ulong present, out ulong compaction)
    {
        const int compacted = 16, standard = 24; // bytes of the header with a meaning
        ReadOnlySpan<byte> header = image.Slice(XsaveArea.HeaderAt, XsaveArea.HeaderBytes);
        present = BinaryPrimitives.ReadUInt64LittleEndian(header);
        compaction = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong format = compaction & ~XsaveArea.Compacted;
        if ((compaction & XsaveArea.Compacted) != 0)
            return (format & ~enabled) == 0 && (present & ~format) == 0
                && !header[compacted..].ContainsAnyExcept((byte)0);
        return !compactOnly && (present & ~enabled) == 0 && !header[8..standard].ContainsAnyExcept((byte)0);
    }

    private static bool TryReadExtended(Core core, Gva area, ulong restored, Func<int, int> offsetOf, Span<byte> image)
    {
        for (int c = 2; c < 63; c++)
        {
            int bytes = ((restored >> c) & 1) != 0 ? core.Extended.BytesOf(c, core.LongMode64) : 0;
            if (bytes == 0)
                continue;
            int at = offsetOf(c);
            if (!core.TryReadLinear(new Gva(area.Value + (ulong)at), image.Slice(at, bytes), core.Cpl))
                return false;
        }
        return true;
    }
}
