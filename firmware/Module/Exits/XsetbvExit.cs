using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>XSETBV in a TD: XCR0 takes what XFAM allows. TDX Module 1.5 Base, "XSETBV".</summary>
internal static class XsetbvExit
{
    public static ExitEnd Handle(Vcpu v)
    {
        ulong value = (v.C.Rdx << 32) | (uint)v.C.Rax;
        bool legal = (uint)v.C.Rcx == 0 && XfamBits.IsLegalXcr0(value, v.Tdvps.Xfam) && v.P.TryXsetbv(value);
        return legal ? ExitEnd.Advance : GuestInjection.Fault(v, Vector.GP);
    }
}
