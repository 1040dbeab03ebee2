using Seamsim.Isa.Paging;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// PAE paging keeps its four PDPTEs in registers. SDM vol. 3A, 4.4.1; vol. 3C, 27.3.2.4.
public sealed unsafe partial class Core
{
    private const int Pdptes = 4;
    private const ulong PdpteReserved = 0xFFF0_0000_0000_01E6;

    /// <summary>PAE paging is in use.</summary>
    internal bool HasPdptes =>
        (Lp->Cr0 & Cr0Bit.Pg) != 0 && (Lp->Cr4 & Cr4Bit.Pae) != 0 && (Lp->Efer & EferBit.Lma) == 0;

    /// <summary>Reads the PDPTEs of a CR3; a present one with a reserved bit is #GP(0), and nothing has changed.</summary>
    internal bool TryLoadPdptes(ulong cr3)
    {
        ulong table = cr3 & 0xFFFF_FFE0;
        Span<ulong> entries = stackalloc ulong[Pdptes];
        for (int n = 0; n < Pdptes; n++)
        {
            EptAccess access = EptAccess.Read | EptAccess.PageWalk;
            if (!TryGuestPhysical(table + (8 * (ulong)n), access, 0, out EptResult at))
                return false;
            entries[n] = Memory.Read<ulong>(at.Address, InSeam, out _);
            if (IsReservedPdpte(entries[n]))
            {
                RaiseGp0();
                return false;
            }
        }
        for (int n = 0; n < Pdptes; n++)
            Lp->Pdpte[n] = entries[n];
        return true;
    }

    /// <summary>MOV to CR3 as part of a task switch: the new table is in force whatever it holds.</summary>
    internal void LoadTaskCr3(ulong cr3)
    {
        Lp->Cr3 = cr3;
        if (HasPdptes)
            TryLoadPdptes(cr3);
        FlushTlbContext(cr3 & 0xFFF, allPcids: true);
    }

    /// <summary>VM entry: the PDPTEs are in the VMCS when EPT is on, and in memory otherwise.</summary>
    internal void LoadGuestPdptes(Vmcs v)
    {
        if (!HasPdptes)
            return;
        if (!IsSet(v, ProcControls2.EnableEpt))
        {
            TryLoadPdptes(Lp->Cr3);
            return;
        }
        for (int n = 0; n < Pdptes; n++)
            Lp->Pdpte[n] = v[VmcsLayout.Following(VmcsField.GuestPdpte0, n)];
    }

    /// <summary>VM exit under EPT.</summary>
    internal void SaveGuestPdptes(Vmcs v)
    {
        if (HasPdptes && IsSet(v, ProcControls2.EnableEpt))
            for (int n = 0; n < Pdptes; n++)
                v[VmcsLayout.Following(VmcsField.GuestPdpte0, n)] = Lp->Pdpte[n];
    }

    private bool IsReservedPdpte(ulong entry)
    {
        ulong beyond = PageEntryBit.Address & ~((1UL << Memory.Keys.PhysicalAddressBits) - 1);
        return (entry & PageEntryBit.Present) != 0 && (entry & (PdpteReserved | beyond)) != 0;
    }
}
