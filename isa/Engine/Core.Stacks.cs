using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Paging;

namespace Seamsim.Isa.State;

// Stacks that may not be in force yet: those of interrupt handlers, call gates and new tasks.
public sealed unsafe partial class Core
{
    /// <summary>Address size of a stack outside 64-bit mode, in bytes: SS.B.</summary>
    internal static int StackBytesOf(in Segment stack) => (stack.AccessRights & SegmentBit.Big) != 0 ? 4 : 2;

    /// <summary>
    /// Checks and translates a push of <paramref name="bytes"/> bytes below <paramref name="top"/>; beyond the segment,
    /// or not canonical, it is #SS(<paramref name="error"/>).
    /// </summary>
    /// <param name="stack">The stack segment; not looked at for an 8-byte stack.</param>
    /// <param name="addressBytes">Address size: 2, 4 or 8.</param>
    /// <param name="top">The stack pointer before the push.</param>
    /// <param name="bytes">Size of the block.</param>
    /// <param name="cpl">Whose rights the accesses have.</param>
    /// <param name="error">Error code of #SS.</param>
    /// <param name="frame">The prepared block.</param>
    internal bool TryPrepareFrame(
        in Segment stack, int addressBytes, ulong top, int bytes, int cpl, uint error, out PreparedFrame frame)
    {
        ulong at = CutTo(top - (ulong)bytes, addressBytes);
        int low = addressBytes == 2 ? Math.Min(bytes, 0x10000 - (int)at) : bytes;
        frame = default;
        PreparedWrite wrapped = default;
        if (!TryPrepareSlots(stack, addressBytes, at, low, cpl, error, out PreparedWrite first))
            return false;
        if (low < bytes && !TryPrepareSlots(stack, addressBytes, 0, bytes - low, cpl, error, out wrapped))
            return false;
        frame = new PreparedFrame(at, first, low, wrapped);
        return true;
    }

    /// <summary>Whether a block fits the stack segment, else #SS(<paramref name="error"/>); nothing is translated.</summary>
    internal bool HasRoom(in Segment stack, int addressBytes, ulong top, int bytes, uint error)
    {
        ulong at = CutTo(top - (ulong)bytes, addressBytes);
        int low = addressBytes == 2 ? Math.Min(bytes, 0x10000 - (int)at) : bytes;
        if (TryReachSlots(stack, addressBytes, at, low, out _)
            && (low == bytes || TryReachSlots(stack, addressBytes, 0, bytes - low, out _)))
            return true;
        Raise(Vector.SS, error);
        return false;
    }

    /// <summary>Writes a prepared block; <paramref name="image"/> begins with the slot at the new stack pointer.</summary>
    internal void Push(in PreparedFrame frame, ReadOnlySpan<byte> image)
    {
        Commit(frame.Low, image[..frame.LowBytes]);
        if (image.Length > frame.LowBytes)
            Commit(frame.Wrapped, image[frame.LowBytes..]);
    }

    /// <summary>Checks and translates a write to linear memory; false = fault recorded.</summary>
    internal bool TryPrepareWrite(Gva address, int bytes, int cpl, bool implicitly, out PreparedWrite write)
    {
        write = default;
        if (!TryTranslate(address.Value, Access.Write, cpl == 3, implicitly, out Translation first))
            return false;
        Translation second = default;
        int split = Math.Min(bytes, 0x1000 - (int)(address.Value & 0xFFF));
        if (split < bytes
            && !TryTranslate(Wrap(address.Value + (ulong)split), Access.Write, cpl == 3, implicitly, out second))
            return false;
        write = new PreparedWrite(address, first.Address, second.Address, split, implicitly);
        return true;
    }

    /// <summary>Makes a prepared write.</summary>
    internal void Commit(in PreparedWrite write, ReadOnlySpan<byte> source)
    {
        if (!write.Implicitly)
            MeetDataBreakpoints(write.Address.Value, source.Length, write: true);
        TellAccess(write.Address.Value, write: true, source);
        StoreBytes(write.First, source[..write.Split]);
        if (write.Split < source.Length)
            StoreBytes(write.Second, source[write.Split..]);
    }

    /// <summary>RSP, ESP or SP takes a value, whichever the address size names.</summary>
    internal void SetStackPointer(ulong value, int addressBytes)
    {
        switch (addressBytes)
        {
            case 8: Lp->Gpr[4] = value; break;
            case 4: Lp->Gpr[4] = (uint)value; break;
            default: *(ushort*)&Lp->Gpr[4] = (ushort)value; break;
        }
    }

    private bool TryPrepareSlots(
        in Segment stack, int addressBytes, ulong at, int bytes, int cpl, uint error, out PreparedWrite write)
    {
        write = default;
        if (TryReachSlots(stack, addressBytes, at, bytes, out ulong linear))
            return TryPrepareWrite(new Gva(linear), bytes, cpl, implicitly: false, out write);
        Raise(Vector.SS, error);
        return false;
    }

    private bool TryReachSlots(in Segment stack, int addressBytes, ulong at, int bytes, out ulong linear)
    {
        linear = addressBytes == 8 ? at : Segmentation.Within(stack, at, (uint)bytes);
        return addressBytes == 8
            ? Flow.IsCanonical(Lp, at) && Flow.IsCanonical(Lp, at + (ulong)(bytes - 1))
            : linear != Segmentation.Nowhere;
    }

    private static ulong CutTo(ulong address, int bytes) => bytes switch
    {
        8 => address, 4 => (uint)address, _ => (ushort)address,
    };
}
