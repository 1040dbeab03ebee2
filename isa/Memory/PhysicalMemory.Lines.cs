using System.Runtime.InteropServices;

namespace Seamsim.Isa.Memory;

/// <summary>What happens inside one page: tags, lines, backing and the notifications they cause.</summary>
public sealed unsafe partial class PhysicalMemory
{
    private const int LineBytes = 64;
    private const int LinesPerPage = PageBytes / LineBytes;

    private MemoryResult ReadInPage(Hpa at, Span<byte> destination)
    {
        ulong line = Keys.LineOf(at);
        PageState* page = pages.Find(line);
        if (page is null)
        {
            destination.Fill(0xFF);
            return MemoryResult.NoMemory;
        }
        int key = keyTable.Current(page->Home, Keys.KeyOf(at));
        if (page->LineTags is null && page->Tag == key)
        {
            CopyPlain(page, at.PageOffset, destination);
            return MemoryResult.Ok;
        }

        MemoryResult worst = MemoryResult.Ok;
        for (int done = 0; done < destination.Length;)
        {
            int offset = at.PageOffset + done;
            int count = Math.Min(LineBytes - offset % LineBytes, destination.Length - done);
            if (!ReadInLine(page, line + (ulong)done, key, destination.Slice(done, count)))
                worst = MemoryResult.Poison;
            done += count;
        }
        return worst;
    }

    /// <summary>False: poison.</summary>
    private bool ReadInLine(PageState* page, ulong address, int key, Span<byte> destination)
    {
        int offset = (int)(address & 0xFFF);
        int tag = page->LineTags is null ? page->Tag : page->LineTags[offset / LineBytes];
        if (tag == key)
        {
            CopyPlain(page, offset, destination);
            return true;
        }
        if (keyTable.Poisons(tag, key))
        {
            destination.Clear();
            return false;
        }
        Span<ulong> line = stackalloc ulong[LineBytes / 8];
        CopyPlain(page, offset & ~(LineBytes - 1), MemoryMarshal.AsBytes(line));
        Translate(line, tag, key, address & ~(ulong)(LineBytes - 1));
        MemoryMarshal.AsBytes(line).Slice(offset % LineBytes, destination.Length).CopyTo(destination);
        return true;
    }

    private void Translate(Span<ulong> line, int written, int read, ulong address)
    {
        for (int i = 0; i < line.Length; i++)
            line[i] = keyTable.Translate(written, read, address + (ulong)(i * 8), line[i]);
    }

    private static void CopyPlain(PageState* page, int offset, Span<byte> destination)
    {
        if (page->Data is not null)
        {
            new ReadOnlySpan<byte>(page->Data + offset, destination.Length).CopyTo(destination);
            return;
        }
        var pattern = new ReadOnlySpan<byte>(&page->PatternLow, 16);
        int first = Math.Min(destination.Length, pattern.Length);
        for (int i = 0; i < first; i++)
            destination[i] = pattern[(offset + i) & 15];
        RepeatFirst(destination, first);
    }

    /// <summary>Repeats the first bytes up to the end: a few long copies instead of many short ones.</summary>
    private static void RepeatFirst(Span<byte> bytes, int filled)
    {
        for (; filled < bytes.Length; filled *= 2)
            bytes[..Math.Min(filled, bytes.Length - filled)].CopyTo(bytes[filled..]);
    }

    private bool WriteInPage(Hpa at, ReadOnlySpan<byte> source, bool direct)
    {
        ulong line = Keys.LineOf(at);
        PageState* page = pages.Find(line);
        if (page is null)
            return false;
        int key = keyTable.Current(page->Home, Keys.KeyOf(at));
        if (page->LineTags is null && page->Tag == key)
        {
            if (page->Data is not null || !RepeatsPattern(page, at.PageOffset, source))
                source.CopyTo(new Span<byte>(Backing(page) + at.PageOffset, source.Length));
        }
        else if (source.Length == PageBytes)
        {
            Retag(page, line, key);
            source.CopyTo(new Span<byte>(Backing(page), PageBytes));
        }
        else
        {
            WriteLines(page, line, key, source);
        }
        if (!direct)
            NoteWrite(page);
        AnnounceCodeWrite(page, line);
        return true;
    }

    private void WriteLines(PageState* page, ulong address, int key, ReadOnlySpan<byte> source)
    {
        BecomeMixed(page, address, key);
        Span<ulong> line = stackalloc ulong[LineBytes / 8];
        for (int done = 0; done < source.Length;)
        {
            ulong at = address + (ulong)done;
            int offset = (int)(at & 0xFFF);
            int count = Math.Min(LineBytes - offset % LineBytes, source.Length - done);
            int tag = page->LineTags[offset / LineBytes];
            if (tag != key)
            {
                // A partial write reads the line with the new key, merges, and encrypts the whole line anew.
                var whole = new Span<ulong>(page->Data + (offset & ~(LineBytes - 1)), LineBytes / 8);
                whole.CopyTo(line);
                Translate(line, tag, key, at & ~(ulong)(LineBytes - 1));
                line.CopyTo(whole);
                page->LineTags[offset / LineBytes] = key;
            }
            source.Slice(done, count).CopyTo(new Span<byte>(page->Data + offset, count));
            done += count;
        }
        if (new ReadOnlySpan<int>(page->LineTags, LinesPerPage).IndexOfAnyExcept(key) >= 0)
            return;
        FreeLineTags(page);
        page->Tag = key;
    }

    private void BecomeMixed(PageState* page, ulong address, int key)
    {
        if (page->LineTags is not null)
            return;
        ReportReuse(page, address, key);
        Backing(page);
        page->LineTags = (int*)NativeMemory.Alloc(LinesPerPage, sizeof(int));
        new Span<int>(page->LineTags, LinesPerPage).Fill(page->Tag);
        Unpin(page, address);
    }

    private bool FillWholePage(Hpa at, ReadOnlySpan<byte> repeated)
    {
        ulong line = Keys.LineOf(at);
        PageState* page = pages.Find(line);
        if (page is null)
            return false;
        int key = keyTable.Current(page->Home, Keys.KeyOf(at));
        if (page->LineTags is not null || page->Tag != key)
        {
            Retag(page, line, key);
            Drop(page);
        }
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(repeated);
        (page->PatternLow, page->PatternHigh) = (words[0], words[1]);
        if (page->Data is not null)
            repeated.CopyTo(new Span<byte>(page->Data, PageBytes)); // pinned pointers stay valid
        AnnounceCodeWrite(page, line);
        return true;
    }

    private void Retag(PageState* page, ulong address, int key)
    {
        if (page->LineTags is null)
            ReportReuse(page, address, key);
        FreeLineTags(page);
        page->Tag = key;
        page->WrittenIn = 0;
        Unpin(page, address);
    }

    private void ReportReuse(PageState* page, ulong address, int key)
    {
        KeyId old = keyTable.KeyIdOf(page->Tag), next = keyTable.KeyIdOf(key);
        if (page->WrittenIn == Ledger.Epoch && old != next)
            Ledger.Report(new ReuseReport(ReuseKind.Page, address & ~0xFFFUL, old, next));
    }

    /// <summary>The page's host memory; it appears when the page still repeats its pattern.</summary>
    private byte* Backing(PageState* page)
    {
        if (page->Data is null)
        {
            byte* data = arena.Rent();
            if ((page->PatternLow | page->PatternHigh) != 0)
                CopyPlain(page, 0, new Span<byte>(data, PageBytes));
            page->Data = data;
        }
        return page->Data;
    }

    // Only after Unpin: nobody may hold the pointer any more.
    private void Drop(PageState* page)
    {
        if (page->Data is null)
            return;
        arena.Return(page->Data);
        page->Data = null;
    }

    private static bool RepeatsPattern(PageState* page, int offset, ReadOnlySpan<byte> source)
    {
        var pattern = new ReadOnlySpan<byte>(&page->PatternLow, 16);
        for (int i = 0; i < source.Length; i++)
            if (source[i] != pattern[(offset + i) & 15])
                return false;
        return true;
    }

    private void NoteWrite(PageState* page)
    {
        page->WrittenIn = Ledger.Epoch;
        keyTable.NoteWrite(page->Tag, Ledger.Epoch);
    }

    private void Unpin(PageState* page, ulong address)
    {
        if ((page->Flags & PageFlags.Pinned) == 0)
            return;
        page->Flags &= ~(PageFlags.Pinned | PageFlags.PinnedForWrite);
        foreach (IMemoryObserver observer in observers)
            observer.PageChanged(address & ~0xFFFUL);
    }

    private void AnnounceCodeWrite(PageState* page, ulong address)
    {
        if ((page->Flags & PageFlags.Code) == 0)
            return;
        page->Flags &= ~PageFlags.Code;
        foreach (IMemoryObserver observer in observers)
            observer.CodeWritten(address & ~0xFFFUL);
    }

    private static void FreeLineTags(PageState* page)
    {
        NativeMemory.Free(page->LineTags);
        page->LineTags = null;
    }
}
