using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>
/// The C wrappers of the host-side leaves (patch 04), one method per leaf. Pages that change hands are flushed from the
/// caches first, whatever the module says about CLFLUSH_BEFORE_ALLOC.
/// </summary>
public sealed partial class Tdh(Seamcaller seam)
{
    /// <summary>The SEAMCALL underneath.</summary>
    public Seamcaller Seam => seam;

    /// <summary>RCX of the memory leaves: GPA and page-table level (0 = 4 KiB).</summary>
    public static ulong GpaAndLevel(Gpa gpa, int level) => (gpa.Value & ~0xFFFUL) | (uint)level;

    private HostTask<SeamcallResult> Call(
        ICpu cpu, SeamcallLeaf leaf, ulong rcx = 0, ulong rdx = 0, ulong r8 = 0, ulong r9 = 0, int version = 0) =>
        seam.Call(cpu, leaf, new SeamcallArguments { Rcx = rcx, Rdx = rdx, R8 = r8, R9 = r9 }, version);

    private async HostTask<SeamcallResult> Donate(
        ICpu cpu, Hpa page, SeamcallLeaf leaf, ulong rcx, ulong rdx, ulong r8 = 0, ulong r9 = 0)
    {
        await cpu.ClflushPage(page.Value);
        return await Call(cpu, leaf, rcx, rdx, r8, r9);
    }
}
