namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const ulong Avx = 1 << 2, Avx512 = 7 << 5, Amx = 3 << 17, Mpx = 3 << 3;
    private ExtendedState? extended;

    /// <summary>XSAVE-managed state.</summary>
    internal ExtendedState Extended => extended ??= new ExtendedState(Lp, IsOnPlatform ? Model.Xsave : new());

    /// <summary>The place of an XSAVE-managed MSR; null when the MSR is none.</summary>
    private ulong* XsaveMsr(uint msr) => XsaveMsrs.TryFind(msr, out int component, out int offset)
        && Extended.Supervisor(component) is var place && place is not null
            ? (ulong*)(place + offset)
            : null;

    /// <summary>XSETBV of XCR0; false is #GP(0). SDM vol. 1, 13.3 "Enabling the XSAVE feature set".</summary>
    internal bool TryWriteXcr0(ulong value)
    {
        Seam.CpuidResult supported = Cpuid(0xD, 0);
        bool exists = (value & ~(supported.Eax | (ulong)supported.Edx << 32)) == 0;
        bool avx = (value & Avx) == 0 || (value & 2) != 0;
        bool avx512 = (value & Avx512) == 0 || (value & Avx512) == Avx512 && (value & Avx) != 0;
        bool amx = (value & Amx) is 0 or Amx, mpx = (value & Mpx) is 0 or Mpx;
        if (!exists || (value & 1) == 0 || !avx || !avx512 || !amx || !mpx)
            return false;
        Lp->Xcr0 = value;
        VectorModeChanged();
        return true;
    }
}
