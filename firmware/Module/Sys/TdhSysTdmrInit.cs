using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.TDMR.INIT (leaf 36) — initialise the PAMT of up to 4 MiB of a TDMR. TDX Module 1.5 ABI, "TDH.SYS.TDMR.INIT
/// Leaf".
/// </summary>
internal static class TdhSysTdmrInit
{
    private const ulong Step = 4UL << 20, GigabyteMask = (1UL << 30) - 1, PageBytes = 4096;

    public static LeafEnd Execute(LeafCall c)
    {
        c.Rdx = 0;
        if ((c.Rcx & GigabyteMask) != 0 || (c.Rcx & ~c.P.Keys.AddressMask) != 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!TryFindBase(c, c.Rcx, out TdmrEntry tdmr))
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        if (!tdmr.TryHold())
            return TdxStatus.OperandBusy.With(OperandId.Rcx);
        ulong start = tdmr.Base, next = tdmr.Next;
        if (next >= start + tdmr.Size)
            return TdxStatus.TdmrAlreadyInitialized;

        // Commit.
        Initialise(c, tdmr, next - start);
        tdmr.Next = next + Step;
        c.Rdx = next + Step & ~GigabyteMask;
        return TdxStatus.Success;
    }

    private static bool TryFindBase(LeafCall c, ulong address, out TdmrEntry tdmr)
    {
        int count = c.Data.NumTdmrs;
        for (int i = 0; i < count; i++)
        {
            tdmr = c.Data.Tdmr(i);
            if (tdmr.Base == address)
                return true;
        }
        tdmr = default;
        return false;
    }

    // Free entries are all zero, so whole PAMT pages are filled. The arrays of the larger sizes are filled when the
    // first 4 MiB below one of their pages come up.
    private static void Initialise(LeafCall c, TdmrEntry tdmr, ulong offset)
    {
        KeyId key = c.Data.GlobalKey;
        for (PageLevel level = PageLevel.Page2M; level <= PageLevel.Page1G; level++)
        {
            ulong covered = PageBytes / PamtEntry.Bytes << PamtIndex.Shift(level);
            if (offset % covered == 0)
                c.P.FillPage(PamtPage(c, tdmr, level, offset, key), 0);
        }
        for (ulong done = 0; done < Step; done += PageBytes / PamtEntry.Bytes * PageBytes)
        {
            Hpa page = PamtPage(c, tdmr, PageLevel.Page4K, offset + done, key);
            c.P.FillPage(page, 0);
            c.P.Charge(Operation.PamtEntryInit, (int)PageBytes / PamtEntry.Bytes);
        }
        MarkReserved(c, tdmr, offset, key);
    }

    private static Hpa PamtPage(LeafCall c, TdmrEntry tdmr, PageLevel level, ulong offset, KeyId key) =>
        c.P.Keys.WithKey(new Hpa(tdmr.PamtBase(level) + (offset >> PamtIndex.Shift(level)) * PamtEntry.Bytes), key);

    private static void MarkReserved(LeafCall c, TdmrEntry tdmr, ulong offset, KeyId key)
    {
        for (int i = 0; i < TdmrInfo.MaxReserved; i++)
        {
            (ulong start, ulong size) = tdmr.Reserved(i);
            if (size == 0)
                return;
            ulong from = Math.Max(start, offset), to = Math.Min(start + size, offset + Step);
            if (from < to)
                WriteReserved(c, PamtPage(c, tdmr, PageLevel.Page4K, from, key), (to - from) / PageBytes);
        }
    }

    private static void WriteReserved(LeafCall c, Hpa at, ulong entries)
    {
        const int chunk = 256;
        Span<byte> bytes = stackalloc byte[chunk * PamtEntry.Bytes];
        bytes.Clear();
        for (int i = 0; i < chunk; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(
                bytes[(i * PamtEntry.Bytes)..], (ulong)PageType.Rsvd << PamtEntry.TypeShift);
        for (ulong done = 0; done < entries;)
        {
            ulong count = Math.Min(chunk, entries - done);
            c.P.WriteBytes(at + done * PamtEntry.Bytes, bytes[..(int)(count * PamtEntry.Bytes)]);
            done += count;
        }
    }
}
