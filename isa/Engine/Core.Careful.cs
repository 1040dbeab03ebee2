using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

// Memory accesses that the inline TLB does not answer. The results travel through the LP struct, because handlers take
// no address of a local.
public sealed unsafe partial class Core
{
    private const int StackSegment = 2;

    /// <summary>The address did not come through a segment register.</summary>
    private const int Unsegmented = -1;

    private Hpa writeFirst, writeSecond;
    private int writeSplit;

    /// <summary>
    /// Reads 1..8 bytes into <see cref="LogicalProcessor.Slow"/>, or more into <see cref="LogicalProcessor.SlowVector"/>,
    /// and keeps the translation; false = fault.
    /// </summary>
    internal bool CarefulRead(ulong address, int bytes, int segment)
    {
        if (!IsReachable(address, bytes, segment, write: false) || !IsAligned(address, bytes))
            return false;
        if (bytes > 8)
            return CarefulReadVector(address, bytes);
        int head = Math.Min(bytes, 0x1000 - (int)(address & 0xFFF));
        if (!TryReach(address, Access.Read, out Hpa first))
            return false;
        if (head == bytes)
        {
            if (!TryLoad(first, bytes, out Lp->Slow))
                return false;
            MeetDataBreakpoints(address, bytes, write: false);
            TellAccess(address, bytes, write: false, Lp->Slow);
            return true;
        }
        if (!TryReach(Wrap(address + (ulong)head), Access.Read, out Hpa second) || !TryLoad(first, head, out ulong low)
            || !TryLoad(second, bytes - head, out ulong high))
            return false;
        Lp->Slow = low | (high << (head * 8));
        MeetDataBreakpoints(address, bytes, write: false);
        TellAccess(address, bytes, write: false, Lp->Slow);
        return true;
    }

    /// <summary>Translates a write so that <see cref="CarefulWrite"/> cannot fail; false = fault.</summary>
    internal bool CarefulPrepareWrite(ulong address, int bytes, int segment)
    {
        if (!IsReachable(address, bytes, segment, write: true) || !IsAligned(address, bytes))
            return false;
        writeSplit = Math.Min(bytes, 0x1000 - (int)(address & 0xFFF));
        return TryReach(address, Access.Write, out writeFirst)
            && (writeSplit == bytes || TryReach(Wrap(address + (ulong)writeSplit), Access.Write, out writeSecond));
    }

    /// <summary>
    /// Stores what <see cref="CarefulPrepareWrite"/> prepared. Takes addresses of locals, so no handler may inline it.
    /// </summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    internal void CarefulWrite(ulong address, int bytes, ulong value)
    {
        MeetDataBreakpoints(address, bytes, write: true);
        TellAccess(address, bytes, write: true, value);
        Store(writeFirst, Math.Min(bytes, writeSplit), value);
        if (writeSplit < bytes)
            Store(writeSecond, bytes - writeSplit, value >> (writeSplit * 8));
    }

    /// <summary>Reads into <see cref="LogicalProcessor.Slow"/> through the TLB when it answers; false = fault.</summary>
    internal bool TryFastRead(ulong address, int bytes, int segment)
    {
        TlbEntry* entry = Tlb.Slot(Lp, address);
        if (((address + (ulong)(bytes - 1)) & ~0xFFFUL) != entry->ReadTag || !IsTyped(segment, write: false))
            return CarefulRead(address, bytes, segment);
        byte* at = (byte*)(address + entry->Addend);
        Lp->Slow = bytes switch { 8 => *(ulong*)at, 4 => *(uint*)at, 2 => *(ushort*)at, _ => *at };
        TellAccess(address, bytes, write: false, Lp->Slow);
        return true;
    }

    /// <summary>Writes through the TLB when it answers; false = fault, and nothing has changed.</summary>
    internal bool TryFastWrite(ulong address, int bytes, int segment, ulong value)
    {
        TlbEntry* entry = Tlb.Slot(Lp, address);
        if (((address + (ulong)(bytes - 1)) & ~0xFFFUL) != entry->WriteTag || !IsTyped(segment, write: true))
        {
            if (!CarefulPrepareWrite(address, bytes, segment))
                return false;
            CarefulWrite(address, bytes, value);
            return true;
        }
        TellAccess(address, bytes, write: true, value);
        byte* at = (byte*)(address + entry->Addend);
        switch (bytes)
        {
            case 8: *(ulong*)at = value; break;
            case 4: *(uint*)at = (uint)value; break;
            case 2: *(ushort*)at = (ushort)value; break;
            default: *at = (byte)value; break;
        }
        return true;
    }

    /// <summary>A direct store of whole lines (MOVDIR64B): the destination's lines take the key of its address.</summary>
    internal bool TryWriteDirect(Gva address, ReadOnlySpan<byte> source)
    {
        if (!IsReachable(address.Value, source.Length, Unsegmented, write: true)
            || !TryTranslate(address.Value, Access.Write, Cpl == 3, implicitly: false, out Translation translation))
            return false;
        Probe?.Access(this, address.Value, write: true, source);
        Memory.Write(translation.Address, source, InSeam, direct: true);
        return true;
    }

    private bool IsTyped(int segment, bool write) =>
        segment < 0 || LongMode64 || HasRealSegments || Segmentation.Permits((&Lp->Es)[segment], write);

    /// <summary>
    /// Canonical, and permitted by the segment's type, else #SS(0) or #GP(0). <see cref="Segmentation.Nowhere"/> never is.
    /// </summary>
    private bool IsReachable(ulong address, int bytes, int segment, bool write)
    {
        if (IsTyped(segment, write) && Flow.IsCanonical(Lp, address) && Flow.IsCanonical(Lp, Wrap(address + (ulong)(bytes - 1))))
            return true;
        Raise(segment == StackSegment ? Vector.SS : Vector.GP);
        return false;
    }

    /// <summary>Translates with the rights of CPL and fills the TLB when the page allows it.</summary>
    private bool TryReach(ulong address, Access access, out Hpa physical)
    {
        bool ok = TryTranslate(address, access, Cpl == 3, implicitly: false, out Translation translation);
        physical = translation.Address;
        if (!ok)
            return false;
        bool write = access == Access.Write;
        byte* host = Memory.TryPin(physical.Page, write, InSeam);
        Probe?.Translated(this, address, probedGuestPhysical, physical);
        if (host is not null && !checksAlignment && !IsWatched(address))
            Tlbs.Fill(address, Memory.Keys.LineOf(physical.Page), host, write && translation.Writable, translation.Large);
        return true;
    }

    private bool TryLoad(Hpa address, int bytes, out ulong value)
    {
        ulong line = Memory.Keys.LineOf(address);
        if (!Memory.IsRam(address) && Memory.Mmio.TryFind(line, out IMmioDevice device, out ulong offset))
        {
            value = device.Read(this, offset, bytes);
            ChargeOperation(Operation.MmioAccess, address.Value);
            Lp->Leave = 1;
            return true;
        }
        value = 0;
        fixed (ulong* destination = &value)
            if (Memory.Read(address, new Span<byte>(destination, bytes), InSeam) != MemoryResult.Poison)
                return true;
        Raise(Vector.MC);
        return false;
    }

    private void Store(Hpa address, int bytes, ulong value)
    {
        ulong line = Memory.Keys.LineOf(address);
        if (!Memory.IsRam(address) && Memory.Mmio.TryFind(line, out IMmioDevice device, out ulong offset))
        {
            device.Write(this, offset, bytes, value);
            ChargeOperation(Operation.MmioAccess, address.Value);
            Lp->Leave = 1;
            return;
        }
        Memory.Write(address, new ReadOnlySpan<byte>(&value, bytes), InSeam);
    }

    /// <summary>
    /// Reads linear memory with the rights of <paramref name="cpl"/>; false leaves the fault (or VM exit) recorded and
    /// the caller returns <see cref="Outcome.Fault"/>.
    /// </summary>
    internal bool TryReadLinear(Gva address, Span<byte> destination, int cpl, int segment = Unsegmented) =>
        TryReadLinear(address, destination, cpl, implicitly: false, segment);

    /// <summary>Reads a system structure: supervisor rights whatever CPL is, and never a user page under SMAP.</summary>
    internal bool TryReadSystem(Gva address, Span<byte> destination) =>
        TryReadLinear(address, destination, 0, implicitly: true, Unsegmented);

    /// <summary>Writes linear memory with the rights of <paramref name="cpl"/>; nothing is written on failure.</summary>
    internal bool TryWriteLinear(Gva address, ReadOnlySpan<byte> source, int cpl, int segment = Unsegmented) =>
        TryWriteLinear(address, source, cpl, implicitly: false, segment);

    /// <summary>Writes a system structure.</summary>
    internal bool TryWriteSystem(Gva address, ReadOnlySpan<byte> source) =>
        TryWriteLinear(address, source, 0, implicitly: true, Unsegmented);

    private bool TryReadLinear(Gva address, Span<byte> destination, int cpl, bool implicitly, int segment)
    {
        if (!IsReachable(address.Value, Math.Max(1, destination.Length), segment, write: false)
            || (cpl == 3 && !implicitly && !IsAligned(address.Value, destination.Length)))
            return false;
        for (int done = 0; done < destination.Length;)
        {
            ulong at = Wrap(address.Value + (ulong)done);
            int count = Math.Min(destination.Length - done, 0x1000 - (int)(at & 0xFFF));
            if (!TryTranslate(at, Access.Read, cpl == 3, implicitly, out Translation translation))
                return false;
            if (!TryLoadPieces(translation.Address, destination.Slice(done, count)))
                return false;
            done += count;
        }
        if (!implicitly)
            MeetDataBreakpoints(address.Value, destination.Length, write: false);
        Probe?.Access(this, address.Value, write: false, destination);
        return true;
    }

    private bool TryWriteLinear(Gva address, ReadOnlySpan<byte> source, int cpl, bool implicitly, int segment)
    {
        if (!IsReachable(address.Value, Math.Max(1, source.Length), segment, write: true)
            || (cpl == 3 && !implicitly && !IsAligned(address.Value, source.Length)))
            return false;
        int pages = (int)((address.Value & 0xFFF) + (ulong)source.Length + 0xFFF) >> 12;
        Span<Hpa> targets = stackalloc Hpa[Math.Max(1, Math.Min(pages, 16))];
        for (int page = 0, done = 0; done < source.Length; page++)
        {
            ulong at = Wrap(address.Value + (ulong)done);
            if (!TryTranslate(at, Access.Write, cpl == 3, implicitly, out Translation translation))
                return false;
            targets[page] = translation.Address;
            done += 0x1000 - (int)(at & 0xFFF);
        }
        if (!implicitly)
            MeetDataBreakpoints(address.Value, source.Length, write: true);
        Probe?.Access(this, address.Value, write: true, source);
        for (int page = 0, done = 0; done < source.Length; page++)
        {
            int count = Math.Min(source.Length - done, 0x1000 - targets[page].PageOffset);
            StorePieces(targets[page], source.Slice(done, count));
            done += count;
        }
        return true;
    }

    private bool TryLoadBytes(Hpa address, Span<byte> destination)
    {
        if (destination.Length <= 8)
        {
            if (!TryLoad(address, destination.Length, out ulong value))
                return false;
            new ReadOnlySpan<byte>(&value, destination.Length).CopyTo(destination);
            return true;
        }
        if (Memory.Read(address, destination, InSeam) != MemoryResult.Poison)
            return true;
        Raise(Vector.MC);
        return false;
    }

    private void StoreBytes(Hpa address, ReadOnlySpan<byte> source)
    {
        if (source.Length > 8)
        {
            Memory.Write(address, source, InSeam);
            return;
        }
        ulong value = 0;
        source.CopyTo(new Span<byte>(&value, 8));
        Store(address, source.Length, value);
    }

    private ulong Wrap(ulong address) => LongModeActive ? address : (uint)address;
}
