using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Seam;

/// <summary>
/// What the NP-SEAMLDR authenticated code module leaves behind: P-SEAMLDR at the bottom of its range, its transfer VMCS
/// in the second page, paging structures behind that, and IA32_SEAMEXTEND saying that it can be called.
/// P-SEAMLDR 1.5, range layout; the place of the paging structures is ours.
/// </summary>
public static class NpSeamldr
{
    private const ulong Page = 4096, PresentWritable = 3, LargePage = 1 << 7;
    private const int CodeSelector = 8, DataSelector = 0x10, TaskSelector = 0x20;
    private const uint Exit = ExitControls.HostAddressSpaceSize | ExitControls.SaveEfer | ExitControls.LoadEfer |
        ExitControls.SavePat | ExitControls.LoadPat | ExitControls.SaveDebugControls;
    private const uint Entry = EntryControls.Ia32eModeGuest | EntryControls.LoadEfer | EntryControls.LoadPat |
        EntryControls.LoadDebugControls;

    /// <summary>
    /// Installs <paramref name="seamldr"/> as P-SEAMLDR; <paramref name="core"/> is any logical processor of the
    /// platform. False when firmware has not set up the SEAM range.
    /// </summary>
    public static bool TryLaunch(Core core, ManagedCode code, IManagedImage seamldr)
    {
        SeamRange range = SeamRange.Of(core);
        if (!range.IsValid)
            return false;
        ulong entry = range.SeamldrBase, vmcs = range.TransferVmcs(0, seamldr: true);
        ulong pml4 = vmcs + Page, pdpt = pml4 + Page;
        foreach (ulong page in (ReadOnlySpan<ulong>)[entry, vmcs, pml4, pdpt])
            core.Memory.FillPage(new Hpa(page), 0, inSeam: true);
        MapOneToOne(core.Memory, pml4, pdpt, entry);
        WriteTransferVmcs(core, vmcs, entry, pml4);
        code.Register(entry, new ManagedEntry(ManagedEntryKind.Seamcall, seamldr));
        core.Uncore.Seam.Load(SeamMeasurement.Encode([], [], [], 0, seamReady: false, pSeamldrReady: true));
        return true;
    }

    private static void MapOneToOne(PhysicalMemory memory, ulong pml4, ulong pdpt, ulong address)
    {
        memory.Write(new Hpa(pml4 + (address >> 39 & 511) * 8), pdpt | PresentWritable, inSeam: true);
        ulong gibibyte = address & ~((1UL << 30) - 1);
        memory.Write(new Hpa(pdpt + (address >> 30 & 511) * 8), gibibyte | PresentWritable | LargePage, inSeam: true);
    }

    private static void WriteTransferVmcs(Core core, ulong vmcs, ulong entry, ulong cr3)
    {
        core.Memory.Write(new Hpa(vmcs), core.Capabilities.RevisionId, inSeam: true);
        var v = new Vmcs(core.Memory, new Hpa(vmcs))
        {
            [VmcsField.ExitControls] = Exit, [VmcsField.EntryControls] = Entry,
            [VmcsField.VmcsLinkPointer] = ulong.MaxValue,
            [VmcsField.HostCr0] = Cr0Bit.Pe | Cr0Bit.Et | Cr0Bit.Ne | Cr0Bit.Wp | Cr0Bit.Pg,
            [VmcsField.HostCr3] = cr3,
            [VmcsField.HostCr4] = Cr4Bit.De | Cr4Bit.Pae | Cr4Bit.Pge | Cr4Bit.Osfxsr | Cr4Bit.Osxmmexcpt |
                Cr4Bit.Vmxe | Cr4Bit.Fsgsbase | Cr4Bit.Osxsave,
            [VmcsField.HostEfer] = EferBit.Lme | EferBit.Lma | EferBit.Nxe,
            [VmcsField.HostPat] = 0x0006_0606_0606_0606,
            [VmcsField.HostCsSelector] = CodeSelector, [VmcsField.HostSsSelector] = DataSelector,
            [VmcsField.HostTrSelector] = TaskSelector, [VmcsField.HostRip] = entry,
        };
        v[VmcsField.GuestRip] = 1UL << 60; // not canonical until a SEAMCALL has saved the caller's
    }
}
