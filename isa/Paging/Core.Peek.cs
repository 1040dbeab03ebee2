using System.Buffers.Binary;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Looking at memory from outside, with the eyes of the software that runs: no fault, no accessed flag, no cycle.
public sealed unsafe partial class Core
{
    /// <summary>Who looks at the processor before every instruction; null: nobody.</summary>
    internal IBreakpoints? Breakpoints { get; set; }

    /// <summary>
    /// Reads memory at a linear address in 64-bit mode, as the running software would read it; false where it is not
    /// mapped. Nothing changes.
    /// </summary>
    internal bool TryPeek(ulong linear, Span<byte> destination)
    {
        const int page = 4096;
        while (destination.Length > 0)
        {
            int bytes = Math.Min(destination.Length, page - (int)(linear % page));
            if (!TryPeekTranslation(linear, out Hpa physical)
                || Memory.Read(physical, destination[..bytes], InSeam) == MemoryResult.Poison)
                return false;
            destination = destination[bytes..];
            linear += (ulong)bytes;
        }
        return true;
    }

    private bool TryPeekTranslation(ulong linear, out Hpa physical)
    {
        if ((Lp->Cr0 & Cr0Bit.Pg) == 0)
            return TryPeekGuestPhysical(linear, out physical);
        physical = default;
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong table = Lp->Cr3 & PageEntryBit.Address;
        for (int level = (Lp->Cr4 & Cr4Bit.La57) != 0 ? 5 : 4; ; level--)
        {
            int shift = 12 + (9 * (level - 1));
            if (!TryPeekGuestPhysical(table + (8 * ((linear >> shift) & 0x1FF)), out Hpa at))
                return false;
            Memory.Read(at, bytes, InSeam);
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            if ((entry & PageEntryBit.Present) == 0)
                return false;
            if (level > 1 && (level > 3 || (entry & PageEntryBit.Large) == 0))
            {
                table = entry & PageEntryBit.Address;
                continue;
            }
            ulong offset = (1UL << shift) - 1;
            return TryPeekGuestPhysical((entry & PageEntryBit.Address & ~offset) | (linear & offset), out physical);
        }
    }

    private bool TryPeekGuestPhysical(ulong address, out Hpa physical)
    {
        physical = new Hpa(address);
        Vmcs v = InNonRoot ? CurrentVmcs : default;
        if (!InNonRoot || !IsSet(v, ProcControls2.EnableEpt))
            return true;
        int sharedBit = IsSet(v, ProcControls3.Gpaw) ? 51 : 47;
        EptWalk walk = WalkOf(v, Vmx.Seam && (address & (1UL << sharedBit)) != 0) with { AccessedDirty = false };
        EptWalkResult result = new Ept(Memory, Capabilities).Walk(walk, address, write: false);
        physical = result.Address;
        return result.End == EptWalkEnd.Ok && (result.Rights & EptRights.Read) != 0;
    }
}
