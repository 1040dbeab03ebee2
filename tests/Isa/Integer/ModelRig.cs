using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>An engine rig whose core is powered on as a processor of the model, and then put back into the rig's mode.</summary>
internal sealed unsafe class ModelRig : IDisposable
{
    private readonly TestPlatform platform = new(new CpuParameters());

    public ModelRig(bool user = false)
    {
        Rig = new EngineRig(user);
        LogicalProcessor before = *Rig.Lp;
        Rig.Core.PowerOn(platform.Uncore);
        LogicalProcessor* lp = Rig.Lp;
        (lp->Cr0, lp->Cr3, lp->Cr4, lp->Efer) = (before.Cr0, before.Cr3, before.Cr4, before.Efer);
        (lp->Es, lp->Cs, lp->Ss, lp->Ds) = (before.Es, before.Cs, before.Ss, before.Ds);
        (lp->GdtrBase, lp->GdtrLimit, lp->IdtrBase, lp->IdtrLimit) =
            (before.GdtrBase, before.GdtrLimit, before.IdtrBase, before.IdtrLimit);
        (lp->Tr, lp->Gpr[4], lp->Rip) = (before.Tr, EngineRig.Stack, EngineRig.Code);
        Rig.Core.ModeChanged();
    }

    public EngineRig Rig { get; }

    public void Dispose()
    {
        Rig.Dispose();
        platform.Dispose();
    }
}
