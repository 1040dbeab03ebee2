namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
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
        if (!IsLegalXcr0(value))
            return false;
        Lp->Xcr0 = value;
        VectorModeChanged();
        return true;
    }
}
