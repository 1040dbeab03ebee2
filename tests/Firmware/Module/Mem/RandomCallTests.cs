using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>Whatever is called with whatever operands, the tree, the PAMT and CHLDCNT agree.</summary>
public class RandomCallTests
{
    private const int Pages = 24, LargePages = 4;
    private static readonly int[] HostLeaves = [2, 3, 3, 3, 6, 6, 7, 16, 25, 29, 29, 30, 38, 39];
    private static readonly int[] GuestLeaves = [2, 4, 6, 6, 12, 23, 24, 26];

    [TestCase(1, 3, false)]
    [TestCase(2, 4, true)]
    [TestCase(3, 4, false)]
    public void Random_calls_keep_tree_PAMT_and_CHLDCNT_in_step(int seed, int topLevel, bool gpaw)
    {
        using var td = new MemTd(topLevel, gpaw);
        var random = new Random(seed);
        Assert.That(td.Vcpu.NumPages, Is.Zero, "made before the count");
        ulong ownPages = td.Tdr.ChldCnt;
        ulong[] pages = [.. Enumerable.Range(0, Pages).Select(_ => td.FreePage())];
        ulong[] large = [.. Enumerable.Range(0, LargePages).Select(_ => td.FreeLargePage())];
        int succeeded = 0;
        for (int call = 0; call < 3000; call++)
        {
            if (call == 500)
                Conditions.SetOpState(td, OpState.Runnable);
            succeeded += OneCall(td, random, pages, large) ? 1 : 0;
            if (call % 50 == 0)
                Assert.That(ReferencedPages(td), Is.EqualTo(td.Tdr.ChldCnt - ownPages), $"after call {call}");
        }
        Assert.That(ReferencedPages(td), Is.EqualTo(td.Tdr.ChldCnt - ownPages));
        Assert.That(succeeded, Is.GreaterThan(200), "the operands are not all bad");
    }

    private static bool OneCall(MemTd td, Random random, ulong[] pages, ulong[] large)
    {
        int level = random.Next(5);
        ulong gpa = (ulong)random.Next(3) << 12 | (ulong)random.Next(2) << 21 | (ulong)random.Next(2) << 30;
        ulong mapping = gpa & ~(GpaMapping.BytesAt(level) - 1) | (uint)level;
        if (random.Next(20) == 0)
            mapping ^= 1UL << random.Next(64);
        if (random.Next(5) == 0)
        {
            GuestLeafEnd end = td.Tdcall(GuestLeaves[random.Next(GuestLeaves.Length)], mapping, gpa,
                (ulong)random.Next(2));
            return end.Kind == GuestLeafEndKind.Completed && end.Status.IsSuccess;
        }
        int leaf = HostLeaves[random.Next(HostLeaves.Length)];
        (td.Regs.Rcx, td.Regs.Rdx) = (leaf == 38 ? MemTd.TdrPage : leaf == 16 ? gpa : mapping, MemTd.TdrPage);
        td.Regs.R8 = random.Next(3) == 0 ? large[random.Next(large.Length)] : pages[random.Next(pages.Length)];
        (td.Regs.R9, td.Regs.R10, td.Regs.R11) = (MemTd.HostPage, ulong.MaxValue, ulong.MaxValue);
        td.Regs.Version = leaf is 3 or 30 ? (uint)random.Next(2) : 0u;
        if (td.Regs.Version == 1 && leaf == 3)
            td.Regs.R9 = ulong.MaxValue;
        if (random.Next(20) == 0)
            td.Regs.Rdx ^= 1UL << random.Next(64);
        return td.Call(leaf).IsSuccess;
    }

    private static ulong ReferencedPages(MemTd td)
    {
        HashSet<ulong> seen = [];
        return Count(td, td.Tdcs.Page(Tdcs.SeptRootPage), td.Tdcs.TopSeptLevel, seen);
    }

    private static ulong Count(MemTd td, Hpa table, int level, HashSet<ulong> seen)
    {
        ulong count = 0;
        byte[] bytes = new byte[4096];
        td.Lp.ReadBytes(table, bytes);
        for (int i = 0; i < 512; i++)
        {
            var entry = new SeptEntry(BitConverter.ToUInt64(bytes, i * 8));
            Assert.That(entry.State, Is.Not.EqualTo(SeptState.Invalid));
            Assert.That(entry.IsLocked, Is.False, "no lock outlives its call");
            if (entry.IsFree)
                continue;
            if (entry.IsLeaf)
                count += CountLeaf(td, entry, level, seen);
            else
                count += CountTable(td, entry, level, seen);
        }
        return count;
    }

    private static ulong CountLeaf(MemTd td, SeptEntry entry, int level, HashSet<ulong> seen)
    {
        ulong page = entry.PageAddress(level);
        Assert.That(seen.Add(page), "a page is mapped once");
        Assert.That(td.Pamt(page, (PageLevel)level).Type, Is.EqualTo(PageType.Reg));
        return (ulong)GpaMapping.PagesAt(level);
    }

    private static ulong CountTable(MemTd td, SeptEntry entry, int level, HashSet<ulong> seen)
    {
        Assert.That(seen.Add(entry.TableAddress), "a SEPT page is linked once");
        Assert.That(td.Pamt(entry.TableAddress).Type, Is.EqualTo(PageType.Ept));
        return 1 + Count(td, td.Tree.PageOf(entry), level - 1, seen);
    }
}
