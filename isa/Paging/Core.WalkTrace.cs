using Seamsim.Isa.Paging;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Page walks as lists of references, for models of time. Nothing is checked, marked or charged.
public sealed unsafe partial class Core
{
    private const int MostPageShift = 30;

    /// <summary>Lists what a walk for a linear address refers to now; a walk that leads nowhere is not whole.</summary>
    internal void TraceWalk(ulong linear, WalkTrace trace)
    {
        trace.Clear();
        if ((Lp->Cr0 & Cr0Bit.Pg) == 0)
        {
            Arrive(trace, (uint)linear, MostPageShift);
            return;
        }
        int level = PagingLevels;
        bool wide = level != 2;
        int bits = wide ? 9 : 10, bytes = wide ? 8 : 4;
        ulong table = level == 3 ? Lp->Cr3 & 0xFFFF_FFE0 : Lp->Cr3 & (wide ? PageEntryBit.Address : 0xFFFF_F000);
        for (int top = level; ; level--)
        {
            int shift = 12 + (bits * (level - 1));
            ulong gpa = table + (((linear >> shift) & ((1UL << bits) - 1)) * (ulong)bytes);
            if (!TryTraceEpt(gpa, (byte)level, trace, out Hpa at, out _))
                return;
            trace.Add(new WalkReference(at, (byte)level, 0, 0));
            ulong entry = wide ? Memory.Read<ulong>(at, InSeam, out _) : Memory.Read<uint>(at, InSeam, out _);
            if ((entry & PageEntryBit.Present) == 0)
                return;
            bool large = (level == 2 || (level == 3 && top > 3)) && (entry & PageEntryBit.Large) != 0
                && (wide || (Lp->Cr4 & Cr4Bit.Pse) != 0);
            table = entry & (wide ? PageEntryBit.Address : 0xFFFF_F000);
            if (level > 1 && !large)
                continue;
            ulong offset = (1UL << shift) - 1;
            Arrive(trace, (table & ~offset) | (linear & offset), shift);
            return;
        }
    }

    private void Arrive(WalkTrace trace, ulong gpa, int shift)
    {
        trace.IsWhole = TryTraceEpt(gpa, 0, trace, out Hpa page, out int eptShift);
        trace.Page = page.Page;
        trace.PageShift = Math.Min(shift, eptShift);
    }

    private bool TryTraceEpt(ulong gpa, byte level, WalkTrace trace, out Hpa physical, out int shift)
    {
        physical = new Hpa(gpa);
        shift = MostPageShift;
        Vmcs v = InNonRoot ? CurrentVmcs : default;
        if (!InNonRoot || !IsSet(v, ProcControls2.EnableEpt))
            return true;
        int sharedBit = IsSet(v, ProcControls3.Gpaw) ? 51 : 47;
        EptWalk walk = WalkOf(v, Vmx.Seam && (gpa & (1UL << sharedBit)) != 0);
        ulong table = walk.Root & EptEntry.Address;
        trace.Eptp = table;
        for (int eptLevel = walk.Levels; ; eptLevel--)
        {
            shift = 12 + (9 * (eptLevel - 1));
            Hpa at = Keyed(walk, table) + (((gpa >> shift) & 0x1FF) * 8);
            trace.Add(new WalkReference(at, level, (byte)eptLevel, gpa));
            ulong entry = Memory.Read<ulong>(at, InSeam, out _);
            if ((entry & EptEntry.Rwx) == 0)
                return false;
            table = entry & EptEntry.Address;
            if (eptLevel > 1 && (entry & EptEntry.Leaf) == 0)
                continue;
            ulong offset = (1UL << shift) - 1;
            physical = Keyed(walk, (table & ~offset) | (gpa & offset));
            return true;
        }
    }

    private Hpa Keyed(in EptWalk walk, ulong address) =>
        walk.Key is { } key ? Memory.Keys.WithKey(new Hpa(address), key) : new Hpa(address);
}
