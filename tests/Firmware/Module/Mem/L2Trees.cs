using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>TDs whose L2 VMs have Secure EPTs of their own.</summary>
internal static class L2Trees
{
    /// <summary>A TD with L2 VMs, the ones named with their SEPT pages down to the table of a level.</summary>
    public static MemTd Make(int l2Vms, int level = 0, params int[] withTree)
    {
        var td = new MemTd(l2Vms: l2Vms);
        for (int at = 3; at > level; at--)
        {
            (td.Regs.Rcx, td.Regs.Rdx) = (td.Gpa & ~(GpaMapping.BytesAt(at) - 1) | (uint)at, MemTd.TdrPage);
            (td.Regs.R8, td.Regs.Version) = (td.FreePage(), 1);
            ulong[] pages = [0, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue];
            foreach (int vm in withTree)
                pages[vm] = td.FreePage();
            (td.Regs.R9, td.Regs.R10, td.Regs.R11) = (pages[1], pages[2], pages[3]);
            Assert.That(td.Call(3), Is.EqualTo(TdxStatus.Success));
        }
        return td;
    }

    /// <summary>As the other, down to 4-KiB entries, one VM.</summary>
    public static MemTd Make(int l2Vms, int withTree) => Make(l2Vms, 0, withTree);

    /// <summary>The L2 entry a VM has for the TD's GPA.</summary>
    public static L2SeptEntry EntryOf(MemTd td, int vm, int level = 0) =>
        new L2Sept(td.Lp, td.Tdcs).Walk(vm, new Gpa(td.Gpa), level).Entry;
}
