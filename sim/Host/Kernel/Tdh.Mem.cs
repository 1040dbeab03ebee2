using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <content>The leaves on a TD's memory and its measurement.</content>
public sealed partial class Tdh
{
    /// <summary>
    /// TDH.MEM.SEPT.ADD: <paramref name="level"/> is that of the entry which gets the page, 1 and up.
    /// </summary>
    public HostTask<SeamcallResult> MemSeptAdd(ICpu cpu, Hpa tdr, Gpa gpa, int level, Hpa page) =>
        Donate(cpu, page, SeamcallLeaf.TDH_MEM_SEPT_ADD, GpaAndLevel(gpa, level), tdr.Value, page.Value);

    /// <summary>TDH.MEM.SEPT.RD.</summary>
    public HostTask<SeamcallResult> MemSeptRd(ICpu cpu, Hpa tdr, Gpa gpa, int level) =>
        Call(cpu, SeamcallLeaf.TDH_MEM_SEPT_RD, GpaAndLevel(gpa, level), tdr.Value);

    /// <summary>TDH.MEM.SEPT.REMOVE.</summary>
    public HostTask<SeamcallResult> MemSeptRemove(ICpu cpu, Hpa tdr, Gpa gpa, int level) =>
        Call(cpu, SeamcallLeaf.TDH_MEM_SEPT_REMOVE, GpaAndLevel(gpa, level), tdr.Value);

    /// <summary>TDH.MEM.PAGE.ADD: copies <paramref name="source"/> into the TD, measured.</summary>
    public HostTask<SeamcallResult> MemPageAdd(ICpu cpu, Hpa tdr, Gpa gpa, Hpa page, Hpa source) =>
        Donate(cpu, page, SeamcallLeaf.TDH_MEM_PAGE_ADD, GpaAndLevel(gpa, 0), tdr.Value, page.Value, source.Value);

    /// <summary>TDH.MEM.PAGE.AUG.</summary>
    public HostTask<SeamcallResult> MemPageAug(ICpu cpu, Hpa tdr, Gpa gpa, int level, Hpa page) =>
        Donate(cpu, page, SeamcallLeaf.TDH_MEM_PAGE_AUG, GpaAndLevel(gpa, level), tdr.Value, page.Value);

    /// <summary>TDH.MEM.PAGE.REMOVE.</summary>
    public HostTask<SeamcallResult> MemPageRemove(ICpu cpu, Hpa tdr, Gpa gpa, int level) =>
        Call(cpu, SeamcallLeaf.TDH_MEM_PAGE_REMOVE, GpaAndLevel(gpa, level), tdr.Value);

    /// <summary>TDH.MEM.RANGE.BLOCK.</summary>
    public HostTask<SeamcallResult> MemRangeBlock(ICpu cpu, Hpa tdr, Gpa gpa, int level) =>
        Call(cpu, SeamcallLeaf.TDH_MEM_RANGE_BLOCK, GpaAndLevel(gpa, level), tdr.Value);

    /// <summary>TDH.MEM.RANGE.UNBLOCK.</summary>
    public HostTask<SeamcallResult> MemRangeUnblock(ICpu cpu, Hpa tdr, Gpa gpa, int level) =>
        Call(cpu, SeamcallLeaf.TDH_MEM_RANGE_UNBLOCK, GpaAndLevel(gpa, level), tdr.Value);

    /// <summary>TDH.MEM.TRACK.</summary>
    public HostTask<SeamcallResult> MemTrack(ICpu cpu, Hpa tdr) => Call(cpu, SeamcallLeaf.TDH_MEM_TRACK, tdr.Value);

    /// <summary>TDH.MR.EXTEND: 256 bytes at <paramref name="gpa"/>.</summary>
    public HostTask<SeamcallResult> MrExtend(ICpu cpu, Hpa tdr, Gpa gpa) =>
        Call(cpu, SeamcallLeaf.TDH_MR_EXTEND, gpa.Value, tdr.Value);

    /// <summary>TDH.MR.FINALIZE.</summary>
    public HostTask<SeamcallResult> MrFinalize(ICpu cpu, Hpa tdr) =>
        Call(cpu, SeamcallLeaf.TDH_MR_FINALIZE, tdr.Value);
}
