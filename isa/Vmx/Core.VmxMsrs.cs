using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// MSRs as VM entry and VM exit move them: values that were checked with the VMCS, or were saved from the register
// itself.
public sealed unsafe partial class Core
{
    /// <summary>Reads an MSR for the guest-state area.</summary>
    internal ulong SaveMsr(uint msr) => msr switch
    {
        Msr.Efer => Lp->Efer,
        Msr.SysenterCs => Lp->SysenterCs,
        Msr.SysenterEsp => Lp->SysenterEsp,
        Msr.SysenterEip => Lp->SysenterEip,
        Msr.FsBase => Lp->Fs.Base,
        Msr.GsBase => Lp->Gs.Base,
        _ => TryRdmsr(msr, out ulong value) ? value : 0,
    };

    /// <summary>Loads an MSR from a VMCS; an MSR the model does not have is left out.</summary>
    internal void LoadMsr(uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.Efer: Lp->Efer = value; break;
            case Msr.SysenterCs: Lp->SysenterCs = value; break;
            case Msr.SysenterEsp: Lp->SysenterEsp = value; break;
            case Msr.SysenterEip: Lp->SysenterEip = value; break;
            case Msr.FsBase: Lp->Fs.Base = value; break;
            case Msr.GsBase: Lp->Gs.Base = value; break;
            default: TryWrmsr(msr, value); break;
        }
    }
}
