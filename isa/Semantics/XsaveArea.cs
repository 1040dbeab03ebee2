using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>Where the memory operand of the state-saving instructions lies, and its header. SDM vol. 1, 13.4.</summary>
internal static unsafe class XsaveArea
{
    public const int HeaderAt = 512, HeaderBytes = 64, ExtendedAt = 576, CompactionAt = 520, Alignment = 64;

    /// <summary>XCOMP_BV[63]: the compacted format.</summary>
    public const ulong Compacted = 1UL << 63;

    /// <summary>
    /// The area's linear address; false: outside its segment or not canonical (#GP(0) or #SS(0)), not aligned (#GP(0)).
    /// </summary>
    public static bool TryLocate(Core core, in Instruction i, int bytes, int alignment, out Gva area)
    {
        int segment = Core.SegmentIndex(i.MemorySegment);
        ulong at = Segmentation.Linear(core, segment, core.EffectiveOffset(i), (uint)bytes);
        area = new Gva(at);
        if (!core.IsCanonical(at) || !core.IsCanonical(at + (ulong)bytes - 1))
        {
            core.Raise(segment == 2 ? Vector.SS : Vector.GP);
            return false;
        }
        if ((at & (ulong)(alignment - 1)) == 0)
            return true;
        core.RaiseGp0();
        return false;
    }
}
