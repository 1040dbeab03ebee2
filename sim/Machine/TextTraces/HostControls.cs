using Seamsim.Isa.State;

namespace Seamsim.TextTraces;

/// <summary>The registers the host's C# code relies on, as they were before a section that may change them.</summary>
internal sealed unsafe class HostControls(Core core)
{
    private LogicalProcessor kept;

    /// <summary>Remembers them.</summary>
    public void Keep() => kept = *core.Lp;

    /// <summary>Puts them back.</summary>
    public void Restore()
    {
        LogicalProcessor* lp = core.Lp;
        (lp->Cr0, lp->Cr3, lp->Cr4, lp->Efer) = (kept.Cr0, kept.Cr3, kept.Cr4, kept.Efer);
        (lp->Es, lp->Cs, lp->Ss, lp->Ds, lp->Fs, lp->Gs) = (kept.Es, kept.Cs, kept.Ss, kept.Ds, kept.Fs, kept.Gs);
        (lp->Ldtr, lp->Tr) = (kept.Ldtr, kept.Tr);
        (lp->GdtrBase, lp->GdtrLimit) = (kept.GdtrBase, kept.GdtrLimit);
        (lp->IdtrBase, lp->IdtrLimit) = (kept.IdtrBase, kept.IdtrLimit);
        lp->InterruptShadow = 0;
        core.Rflags = RflagsBit.Fixed1;
        core.ModeChanged();
    }
}
