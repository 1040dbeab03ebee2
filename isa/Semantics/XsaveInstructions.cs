using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// XSAVE, XSAVEOPT, XSAVEC, XSAVES. SDM vol. 1, 13.7 and 13.9 to 13.11; vol. 2. A component is in use when it differs
/// from its initial configuration; the modified optimisation is not made.
/// </summary>
internal static unsafe class XsaveInstructions
{
    private const ulong X87 = 1, Sse = 2, Avx = 4;

    /// <summary>XSAVE writes every requested component, in the standard format.</summary>
    public static Outcome Xsave(Core core, in Instruction i) => Standard(core, i, optimises: false);

    /// <summary>XSAVEOPT leaves out components in their initial configuration.</summary>
    public static Outcome Xsaveopt(Core core, in Instruction i) => Standard(core, i, optimises: true);

    public static Outcome Xsavec(Core core, in Instruction i) =>
        XsaveRules.IsUsable(core) ? Compact(core, i, core.Lp->Xcr0) : Outcome.Fault;

    public static Outcome Xsaves(Core core, in Instruction i)
    {
        if (core.GuestLacks(ProcControls2.EnableXsaves))
            return core.Raise(Vector.UD);
        if (!XsaveRules.IsUsable(core))
            return Outcome.Fault;
        if (core.Cpl != 0)
            return core.RaiseGp0();
        if (core.InterceptsXss(ExitReason.Xsaves, i, out Outcome exit))
            return exit;
        core.ChargeOperation(Operation.Xsaves, core.EffectiveAddress(i).Value);
        return Compact(core, i, core.Lp->Xcr0 | core.Lp->Xss);
    }

    private static Outcome Standard(Core core, in Instruction i, bool optimises)
    {
        if (!XsaveRules.IsUsable(core))
            return Outcome.Fault;
        XsaveLayout layout = core.Extended.Layout;
        ulong requested = XsaveRules.Requested(core, core.Lp->Xcr0), inUse = XsaveRules.InUse(core);
        ulong saved = optimises ? requested & inUse : requested;
        if (!XsaveArea.TryLocate(core, i, layout.StandardBytes(requested), XsaveArea.Alignment, out Gva area))
            return Outcome.Fault;
        Span<byte> header = stackalloc byte[8];
        if (!core.TryReadLinear(At(area, XsaveArea.HeaderAt), header, core.Cpl))
            return Outcome.Fault;
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (!TrySaveLegacy(core, i, area, saved, (requested & (Sse | Avx)) != 0)
            || !TrySaveExtended(core, area, saved, layout.StandardOffset))
            return Outcome.Fault;
        BinaryPrimitives.WriteUInt64LittleEndian(header, (present & ~requested) | (inUse & requested));
        return core.TryWriteLinear(At(area, XsaveArea.HeaderAt), header, core.Cpl) ? Outcome.Next : Outcome.Fault;
    }

    private static Outcome Compact(Core core, in Instruction i, ulong enabled)
    {
        XsaveLayout layout = core.Extended.Layout;
        ulong requested = XsaveRules.Requested(core, enabled), saved = requested & XsaveRules.InUse(core);
        if (core.Lp->Mxcsr != ExtendedState.InitialMxcsr)
            saved |= requested & Sse;
        if (!XsaveArea.TryLocate(core, i, layout.CompactedBytes(requested), XsaveArea.Alignment, out Gva area))
            return Outcome.Fault;
        if (!TrySaveLegacy(core, i, area, saved, (saved & Sse) != 0)
            || !TrySaveExtended(core, area, saved, c => layout.CompactedOffset(requested, c)))
            return Outcome.Fault;
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(header, saved);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], requested | XsaveArea.Compacted);
        return core.TryWriteLinear(At(area, XsaveArea.HeaderAt), header, core.Cpl) ? Outcome.Next : Outcome.Fault;
    }

    private static bool TrySaveLegacy(Core core, in Instruction i, Gva area, ulong saved, bool mxcsr)
    {
        Span<byte> image = stackalloc byte[LegacyRegion.Bytes];
        if ((saved & X87) != 0)
        {
            LegacyRegion.SaveX87(core, image, LegacyRegion.IsWide(i));
            if (!TryWrite(core, area, image, 0, LegacyRegion.X87HeaderBytes)
                || !TryWrite(core, area, image, LegacyRegion.X87StackAt, LegacyRegion.XmmAt - LegacyRegion.X87StackAt))
                return false;
        }
        if (mxcsr)
        {
            LegacyRegion.SaveMxcsr(core, image);
            if (!TryWrite(core, area, image, LegacyRegion.MxcsrAt, LegacyRegion.MxcsrBytes))
                return false;
        }
        if ((saved & Sse) == 0)
            return true;
        core.Extended.Read(1, image[LegacyRegion.XmmAt..], core.LongMode64);
        return TryWrite(core, area, image, LegacyRegion.XmmAt, core.Extended.BytesOf(1, core.LongMode64));
    }

    private static bool TrySaveExtended(Core core, Gva area, ulong saved, Func<int, int> offsetOf)
    {
        Span<byte> component = stackalloc byte[XsaveRules.LargestComponent];
        for (int c = 2; c < 63; c++)
        {
            int bytes = ((saved >> c) & 1) != 0 ? core.Extended.BytesOf(c, core.LongMode64) : 0;
            if (bytes == 0)
                continue;
            core.Extended.Read(c, component, core.LongMode64);
            if (!core.TryWriteLinear(At(area, offsetOf(c)), component[..bytes], core.Cpl))
                return false;
        }
        return true;
    }

    private static bool TryWrite(Core core, Gva area, ReadOnlySpan<byte> image, int offset, int bytes) =>
        core.TryWriteLinear(At(area, offset), image.Slice(offset, bytes), core.Cpl);

    private static Gva At(Gva area, int offset) => new(area.Value + (ulong)offset);
}
