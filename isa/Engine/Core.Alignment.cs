namespace Seamsim.Isa.State;

// Alignment checking. SDM vol. 3A, 6.15, "Interrupt 17". It costs nothing while it is off: while it is on, the TLB of
// its own privilege stays empty, so that every access comes by here.
public sealed unsafe partial class Core
{
    private bool checksAlignment;

    /// <summary>CR0.AM, RFLAGS.AC and CPL 3: an access that is not a multiple of its datum's alignment is #AC(0).</summary>
    private bool IsAligned(ulong address, int bytes)
    {
        if (!checksAlignment || (address & (ulong)(AlignmentOf(bytes) - 1)) == 0)
            return true;
        Raise(Vector.AC);
        return false;
    }

    /// <summary>Whether the slots that a far CALL pushes on the current stack are aligned, else #AC(0).</summary>
    internal bool IsStackAligned(int slot)
    {
        ulong at = CutStack(StackPointer - (ulong)slot);
        return !checksAlignment || IsAligned(Engine.Segmentation.Linear(this, StackSegment, at, (uint)slot), slot);
    }

    /// <summary>
    /// SDM vol. 3A, table 6-7: a 48-bit far pointer 4, an 80-bit real 8. Vectors have rules of their own: the forms that
    /// must be aligned are #GP(0), and the others are not checked.
    /// </summary>
    private static int AlignmentOf(int bytes) => bytes switch { 2 or 4 or 8 => bytes, 6 => 4, 10 => 8, _ => 1 };
}
