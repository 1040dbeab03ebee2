using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const ulong PagingCr0 = Cr0Bit.Wp | Cr0Bit.Pg;
    private const ulong PagingCr4 = Cr4Bit.Pse | Cr4Bit.Pae | Cr4Bit.La57 | Cr4Bit.Smep | Cr4Bit.Smap;

    private TlbSet? tlbs;

    /// <summary>Page walks of trust domains on this processor so far.</summary>
    public PageWalkCount TdWalks => Walking;

    internal PageWalkCount Walking;

    /// <summary>The software TLBs, made when the processor first runs.</summary>
    internal TlbSet Tlbs => tlbs ??= new TlbSet();

    /// <summary>CR4 as paging sees it.</summary>
    internal ulong Control4 => Lp->Cr4;

    /// <summary>
    /// Translates a linear address. False: #PF, a VM exit or #VE is recorded and the caller reports a fault.
    /// </summary>
    /// <param name="linear">The address; canonical form has been checked.</param>
    /// <param name="access">What is done to it.</param>
    /// <param name="user">With user-mode rights.</param>
    /// <param name="implicitly">A processor access to a system structure: supervisor whatever CPL is.</param>
    /// <param name="translation">The result.</param>
    internal bool TryTranslate(
        ulong linear, Access access, bool user, bool implicitly, out Translation translation)
    {
        if ((Lp->Cr0 & Cr0Bit.Pg) != 0)
        {
            if (Timing is null)
                ChargeOperation(Operation.TlbFill, linear);
            probedLevel = PagingLevels;
            return new PageWalk(this, linear, access, user && !implicitly, implicitly).TryRun(out translation);
        }
        EptAccess kind = access switch
        {
            Access.Write => EptAccess.Write,
            Access.Fetch => EptAccess.Fetch,
            _ => EptAccess.Read,
        };
        bool ok = TryGuestPhysical((uint)linear, kind, linear, out EptResult result);
        translation = new Translation(
            result.Address, (result.Rights & EptRights.Write) != 0 && (result.Dirty || access == Access.Write), true);
        return ok;
    }

    /// <summary>A guest-physical reference: through EPT in non-root operation, as it is otherwise.</summary>
    internal bool TryGuestPhysical(ulong address, EptAccess access, ulong linear, out EptResult result)
    {
        result = InNonRoot
            ? TranslateGpa(address, access, linear)
            : new EptResult(EptStatus.Ok, new Hpa(address), 52, EptRights.All, true);
        if (Probe is not null)
            TellReference(address, access, result);
        return result.Status == EptStatus.Ok;
    }

    /// <summary>What the TLB of the current mode is filed under.</summary>
    private TlbKey CurrentTlbKey()
    {
        bool paging = (Lp->Cr0 & Cr0Bit.Pg) != 0;
        ulong controls = (Lp->Cr0 & PagingCr0) | ((Lp->Cr4 & PagingCr4) << 32) | (Lp->Efer & (EferBit.Nxe | EferBit.Lma));
        byte privilege = Cpl == 3 ? (byte)3
            : (Lp->Cr4 & Cr4Bit.Smap) != 0 && (Lp->Rflags & RflagsBit.Ac) != 0 ? (byte)1
            : (byte)0;
        return new TlbKey(TranslationContext, paging ? Lp->Cr3 : 0, controls, privilege);
    }
}
