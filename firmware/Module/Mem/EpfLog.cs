using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The zero-step log of a virtual CPU: private pages that keep faulting while RIP stands still. Kept in the TDVPS.
/// TDX Module 1.5 base specification, "Zero-Step Attack Mitigation"; thresholds of module 1.5.01.
/// </summary>
/// <param name="Platform">The logical processor.</param>
/// <param name="Vcpu">The virtual CPU.</param>
internal readonly record struct EpfLog(ISeamPlatform Platform, Tdvps Vcpu)
{
    /// <summary>Faults at one RIP that are tolerated before pages are listed.</summary>
    public const int Threshold = 6;

    private const ulong PageMask = ~0xFFFUL, NotifyZeroStep = 1;

    /// <summary>RIP moved since the last entry: there is progress.</summary>
    public void Reset()
    {
        Tdvps vcpu = Vcpu;
        (vcpu.EpfListIndex, vcpu.PossiblyEpfStepping) = (0, 0);
    }

    /// <summary>A TD exit for the private page of <paramref name="gpa"/> at an unchanged RIP.</summary>
    public void Record(Gpa gpa)
    {
        Tdvps vcpu = Vcpu;
        if (vcpu.PossiblyEpfStepping < Threshold)
        {
            vcpu.PossiblyEpfStepping++;
            return;
        }
        int count = vcpu.EpfListIndex;
        ulong page = gpa.Value & PageMask;
        for (int i = 0; i < count; i++)
            if (Listed(i).Value == page)
                return;
        if (count == Tdvps.EpfListEntries)
            return;
        Platform.Write(vcpu.EpfGpaField(count), page);
        vcpu.EpfListIndex = (byte)(count + 1);
    }

    /// <summary>
    /// The stepping filter of TDH.VP.ENTER: with pages listed it takes the SEPT tree lock exclusively and looks for one
    /// whose access would still leave the TD.
    /// </summary>
    /// <param name="tdcs">The TD.</param>
    /// <param name="faulting">The page; null when the TD may be entered.</param>
    /// <returns>Success, or OPERAND_BUSY about the SEPT tree.</returns>
    public TdxStatus CheckAtEntry(Tdcs tdcs, out Gpa? faulting)
    {
        faulting = null;
        int count = Vcpu.EpfListIndex;
        if (count == 0)
            return TdxStatus.Success;
        if (!SharexLock.TryHold(Platform, tdcs.SeptLock, LockMode.Exclusive))
            return TdxStatus.OperandBusy.With(OperandId.SeptTree);
        SeptTree tree = TdSept.TreeOf(Platform, tdcs);
        bool pendingVe = PrivateEptViolation.PendingRaisesVe(tdcs);
        for (int i = 0; i < count && faulting is null; i++)
            if (WouldLeave(tree.Walk(Listed(i), 0).Entry, pendingVe))
                faulting = Listed(i);
        return TdxStatus.Success;
    }

    /// <summary>
    /// A TD that set NOTIFY_ENABLES bit 0 hears, by a #VE about the page listed last, that it was being zero-stepped.
    /// The filter has found every listed page reachable, and the TD VMCS is current. TDX Module 1.5 base specification,
    /// "Zero-Step Attack Mitigation".
    /// </summary>
    /// <remarks>
    /// Assumed: exit qualification 0, and that the notice waits while another event or #VE information is pending.
    /// </remarks>
    public void NotifyGuest(Vcpu v)
    {
        int count = Vcpu.EpfListIndex;
        if (count == 0 || (v.Tdcs.NotifyEnables & NotifyZeroStep) == 0)
            return;
        if (GuestInjection.Pending(Platform).IsValid || new VeInfo(Platform, Vcpu).IsValid)
            return;
        GuestInjection.Ve(v, new VeDetails
        {
            Reason = (uint)ExitReason.EptViolation, Gpa = Listed(count - 1).Value,
        });
    }

    // A pending page that raises #VE is the guest's to accept: the host cannot do more about it.
    private static bool WouldLeave(SeptEntry entry, bool pendingVe)
    {
        bool reachable = entry.IsLeaf && (entry.Raw & SeptEntry.Rwx) == SeptEntry.Rwx;
        return !reachable && !(pendingVe && entry.Flags.PendingAcceptable);
    }

    private Gpa Listed(int index) => new(Platform.Read<ulong>(Vcpu.EpfGpaField(index)));
}
