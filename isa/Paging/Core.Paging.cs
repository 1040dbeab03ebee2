using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const ulong PagingCr0 = Cr0Bit.Wp | Cr0Bit.Pg;
    private const ulong PagingCr4 = Cr4Bit.Pse | Cr4Bit.Pae | Cr4Bit.La57 | Cr4Bit.Smep | Cr4Bit.Smap
        | Cr4Bit.Pke | Cr4Bit.Pks | Cr4Bit.Cet;

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

    /// <summary>
    /// Protection-key rights of an address: bit 0 no data access, bit 1 no write (bits 2n and 2n+1 of PKRU or IA32_PKRS).
    /// SDM vol. 3A, 4.6.2. Zero outside 4- and 5-level paging and while the keys of its kind are off.
    /// </summary>
    internal uint KeyRights(ulong leaf, bool userPage)
    {
        bool on = LongModeActive && (Lp->Cr4 & (userPage ? Cr4Bit.Pke : Cr4Bit.Pks)) != 0;
        if (!on)
            return 0;
        ulong rights = userPage ? Lp->Pkru : Lp->Pkrs;
        return (uint)(rights >> (int)((leaf >> PageEntryBit.KeyShift & 15) * 2)) & 3;
    }

    /// <summary>What the TLB of the current mode is filed under.</summary>
    private TlbKey CurrentTlbKey()
    {
        bool paging = (Lp->Cr0 & Cr0Bit.Pg) != 0;
        ulong controls = (Lp->Cr0 & PagingCr0) | ((Lp->Cr4 & PagingCr4) << 32) | (Lp->Efer & (EferBit.Nxe | EferBit.Lma));
        byte privilege = Cpl == 3 ? checksAlignment ? (byte)7 : (byte)3
            : (Lp->Cr4 & Cr4Bit.Smap) != 0 && (Lp->Rflags & RflagsBit.Ac) != 0 ? (byte)1
            : (byte)0;
        ulong rights = ((Lp->Cr4 & Cr4Bit.Pke) != 0 ? Lp->Pkru : 0UL) | ((Lp->Cr4 & Cr4Bit.Pks) != 0 ? Lp->Pkrs << 32 : 0);
        return new TlbKey(TranslationContext, paging ? Lp->Cr3 : 0, controls, rights, privilege);
    }
}
