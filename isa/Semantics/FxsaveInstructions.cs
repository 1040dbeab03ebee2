using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// FXSAVE and FXRSTOR. SDM vol. 2. Without CR4.OSFXSR the part of SSE is neither written nor read, which the manual
/// leaves to the processor.
/// </summary>
internal static unsafe class FxsaveInstructions
{
    private const int Sse = 1, Alignment = 16;

    public static Outcome Fxsave(Core core, in Instruction i)
    {
        if (!TryLocate(core, i, out Gva area))
            return Outcome.Fault;
        Span<byte> image = stackalloc byte[LegacyRegion.Bytes];
        LegacyRegion.SaveX87(core, image, LegacyRegion.IsWide(i));
        if (HasSse(core))
        {
            LegacyRegion.SaveMxcsr(core, image);
            core.Extended.Read(Sse, image[LegacyRegion.XmmAt..], core.LongMode64);
            int end = LegacyRegion.XmmAt + core.Extended.BytesOf(Sse, core.LongMode64);
            return core.TryWriteLinear(area, image[..end], core.Cpl) ? Outcome.Next : Outcome.Fault;
        }
        return core.TryWriteLinear(area, image[..LegacyRegion.X87HeaderBytes], core.Cpl)
            && core.TryWriteLinear(new Gva(area.Value + LegacyRegion.X87StackAt),
                image[LegacyRegion.X87StackAt..LegacyRegion.XmmAt], core.Cpl)
            ? Outcome.Next
            : Outcome.Fault;
    }

    public static Outcome Fxrstor(Core core, in Instruction i)
    {
        if (!TryLocate(core, i, out Gva area))
            return Outcome.Fault;
        Span<byte> image = stackalloc byte[LegacyRegion.Bytes];
        if (!core.TryReadLinear(area, image, core.Cpl))
            return Outcome.Fault;
        bool sse = HasSse(core);
        if (!LegacyRegion.TryReadMxcsr(image, out uint mxcsr) && sse)
            return core.RaiseGp0();
        LegacyRegion.RestoreX87(core, image, LegacyRegion.IsWide(i));
        if (!sse)
            return Outcome.Next;
        core.Lp->Mxcsr = mxcsr;
        core.Extended.Write(Sse, image[LegacyRegion.XmmAt..], core.LongMode64);
        return Outcome.Next;
    }

    private static bool TryLocate(Core core, in Instruction i, out Gva area)
    {
        area = default;
        if ((core.Lp->Cr0 & (Cr0Bit.Em | Cr0Bit.Ts)) != 0)
        {
            core.Raise(Vector.NM);
            return false;
        }
        return XsaveArea.TryLocate(core, i, LegacyRegion.Bytes, Alignment, out area);
    }

    private static bool HasSse(Core core) => (core.Lp->Cr4 & Cr4Bit.Osfxsr) != 0;
}
