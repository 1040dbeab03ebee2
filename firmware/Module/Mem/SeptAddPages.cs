using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The page operands of TDH.MEM.SEPT.ADD: R8 for L1 and, in version 1, R9..R11 for the L2 VMs. Bit 63 of an operand is
/// ignored; all ones means "none". TDX Module 1.5 ABI, "TDH.MEM.SEPT.ADD Leaf".
/// </summary>
internal sealed class SeptAddPages : IDisposable
{
    private const ulong None = ulong.MaxValue;
    private const ulong NotNeeded = 1UL << 63;
    private const int FirstRegister = 8;

    private readonly LeafCall c;
    private readonly ulong[] outputs = new ulong[Tdcs.MaxL2Vms + 1];
    private readonly PageHold?[] pages = new PageHold?[Tdcs.MaxL2Vms + 1];
    private readonly L2SeptSlot[] l2Slots = new L2SeptSlot[Tdcs.MaxL2Vms + 1];

    /// <summary>Reads the operands; outputs start as "not processed".</summary>
    public SeptAddPages(LeafCall c)
    {
        this.c = c;
        for (int vm = 0; vm <= Tdcs.MaxL2Vms; vm++)
        {
            ulong operand = c.P.Gpr(FirstRegister + vm);
            outputs[vm] = operand == None ? None : operand & ~NotNeeded;
        }
    }

    /// <summary>Whether an operand names a page.</summary>
    public bool IsGiven(int vm) => c.P.Gpr(FirstRegister + vm) != None;

    /// <summary>The operand id of the page of a VM.</summary>
    public static OperandId Operand(int vm) => (OperandId)(FirstRegister + vm);

    /// <summary>Whether the page of a VM is held and waits to be added.</summary>
    public bool IsHeld(int vm) => pages[vm] is not null;

    /// <summary>Takes the page of a VM as a free page.</summary>
    public TdxStatus Take(int vm)
    {
        PageHold page = PageHold.OfFreePage(c, (Hpa)outputs[vm], Operand(vm));
        if (page.Failed)
            return page.Status;
        pages[vm] = page;
        return TdxStatus.Success;
    }

    /// <summary>As <see cref="Take(int)"/>, remembering where the L2 page goes.</summary>
    public TdxStatus Take(L2SeptSlot slot)
    {
        l2Slots[slot.Vm] = slot;
        return Take(slot.Vm);
    }

    /// <summary>There is a SEPT page already: the given one stays free.</summary>
    public void MarkNotNeeded(int vm) => outputs[vm] |= NotNeeded;

    /// <summary>Where the page of an L2 VM goes.</summary>
    public L2SeptSlot SlotOf(int vm) => l2Slots[vm];

    /// <summary>Fills the page of a VM with free entries and gives it to the TD.</summary>
    /// <returns>Its address.</returns>
    public ulong Consume(int vm, Tdr tdr, ulong fill)
    {
        PageHold page = pages[vm]!;
        c.P.FillPage(tdr.Private(page.Address), fill);
        page.Become(PageType.Ept, tdr.Address);
        tdr.AddChildren(1);
        outputs[vm] = None;
        return page.Address.Value;
    }

    /// <summary>Version 1: writes R8..R11, on success and on every error.</summary>
    public void WriteOutputs()
    {
        for (int vm = 0; vm <= Tdcs.MaxL2Vms; vm++)
            c.P.Gpr(FirstRegister + vm) = outputs[vm];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PageHold? page in pages)
            page?.Dispose();
    }
}
