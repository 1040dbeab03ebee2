using System.Runtime.CompilerServices;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Paging;

/// <summary>Geometry of the software TLB: direct-mapped, indexed by linear page.</summary>
internal static unsafe class Tlb
{
    public const int Entries = 1024;

    private const ulong IndexMask = (ulong)(Entries - 1) << 5;

    /// <summary>The one slot that may hold the page of <paramref name="address"/>; a slot is 32 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TlbEntry* Slot(LogicalProcessor* lp, ulong address) =>
        (TlbEntry*)((byte*)lp->Tlb + ((address >> 7) & IndexMask));
}
