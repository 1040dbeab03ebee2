using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>The L2 SEPT pages that lie beside an L1 SEPT page, held exclusively so that they can go with it.</summary>
internal sealed class L2SeptPages : IDisposable
{
    private readonly L2Sept l2;
    private readonly L2SeptSlot[] slots = new L2SeptSlot[Tdcs.MaxL2Vms + 1];
    private readonly PageHold?[] pages = new PageHold?[Tdcs.MaxL2Vms + 1];

    private L2SeptPages(L2Sept l2) => this.l2 = l2;

    /// <summary>The first failing hold, or success.</summary>
    public TdxStatus Status { get; private set; } = TdxStatus.Success;

    /// <summary>Whether a page is busy.</summary>
    public bool Failed => Status.IsError;

    /// <summary>Holds the page of every L2 VM that the L1 entry has an alias bit for.</summary>
    public static L2SeptPages Of(LeafCall c, Tdcs tdcs, SeptSlot l1, GpaMapping at)
    {
        var pages = new L2SeptPages(new L2Sept(c.P, tdcs));
        for (int vm = 1; vm <= Tdcs.MaxL2Vms && !pages.Failed; vm++)
        {
            if (!l1.Entry.HasAlias(vm))
                continue;
            L2SeptSlot slot = pages.l2.Walk(vm, at.Gpa, at.Level);
            pages.slots[vm] = slot;
            PageHold page = PageHold.OfEntry(
                c, new Hpa(slot.Entry.TableAddress), PageLevel.Page4K, LockMode.Exclusive, OperandId.Rcx);
            pages.pages[vm] = page;
            pages.Status = page.Status;
        }
        return pages;
    }

    /// <summary>The page of an L2 VM, or all ones when it had none.</summary>
    public ulong AddressOf(int vm) => pages[vm]?.Address.Value ?? ulong.MaxValue;

    /// <summary>Frees the entries and gives the pages back.</summary>
    public void Free(Tdr tdr)
    {
        for (int vm = 1; vm <= Tdcs.MaxL2Vms; vm++)
        {
            if (pages[vm] is not { } page)
                continue;
            l2.Store(slots[vm], L2SeptEntry.Free);
            page.Become(PageType.Nda);
            tdr.AddChildren(-1);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PageHold? page in pages)
            page?.Dispose();
    }
}
