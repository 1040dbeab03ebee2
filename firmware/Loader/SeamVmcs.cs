using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Loader;

/// <summary>Where SEAM software starts on one logical processor: the host state of a SEAM transfer VMCS.</summary>
/// <param name="Cr3">Page tables.</param>
/// <param name="Rip">SEAMCALL entry.</param>
/// <param name="Rsp">Top of the data stack.</param>
/// <param name="Ssp">Top of the shadow stack.</param>
/// <param name="FsBase">SYSINFO page.</param>
/// <param name="GsBase">Local data.</param>
/// <param name="Idtr">IDT; the GDT lies 0x800 behind it and the TSS 0x900.</param>
internal readonly record struct SeamEntryState(
    ulong Cr3, ulong Rip, ulong Rsp, ulong Ssp, ulong FsBase, ulong GsBase, ulong Idtr);

/// <summary>
/// The fields of a SEAM transfer VMCS. P-SEAMLDR 1.5, "SEAM VMCS": SEAMCALL saves the VMM in the guest area and loads
/// the host area, SEAMRET goes the other way.
/// </summary>
internal static class SeamVmcs
{
    // PE, ET, NE, WP, PG.
    private const ulong Cr0 = 0x8001_0031;

    // DE, PAE, PGE, OSFXSR, OSXMMEXCPT, VMXE, FSGSBASE, OSXSAVE, SMEP, SMAP, CET.
    private const ulong Cr4 = 0x00B5_26A8;

    // LME, LMA, NXE.
    private const ulong Efer = 0xD00;

    // Index 7 is UC for keyholes.
    private const ulong Pat = 0x0006_0606_0606_0606;

    // SH_STK_EN, ENDBR_EN, NO_TRACK_EN.
    private const ulong SCet = 0x15;

    // Not canonical: a SEAMRET before any SEAMCALL cannot go anywhere.
    private const ulong InitialGuestRip = 0x1000_0000_0000_0000;

    private const uint TruePin = 0x48D, TrueProc = 0x48E, TrueExit = 0x48F, TrueEntry = 0x490;

    /// <summary>Writes every field of the current VMCS that is not zero.</summary>
    public static void Write(ISeamPlatform p, in SeamEntryState s)
    {
        p.Vmwrite(VmcsField.PinBasedControls, Required(p, TruePin));
        p.Vmwrite(VmcsField.ProcBasedControls, Required(p, TrueProc));
        p.Vmwrite(VmcsField.ExitControls, Required(p, TrueExit) | ExitControls.SaveDebugControls
            | ExitControls.HostAddressSpaceSize | ExitControls.SavePat | ExitControls.LoadPat | ExitControls.SaveEfer
            | ExitControls.LoadEfer | ExitControls.LoadCetState | ExitControls.LoadPerfGlobalCtrl
            | ExitControls.SavePerfGlobalCtrl | ExitControls.ClearRtitCtl | ExitControls.ClearLbrCtl);
        p.Vmwrite(VmcsField.EntryControls, Required(p, TrueEntry) | EntryControls.LoadDebugControls
            | EntryControls.Ia32eModeGuest | EntryControls.LoadPat | EntryControls.LoadEfer
            | EntryControls.LoadCetState | EntryControls.LoadPerfGlobalCtrl | EntryControls.LoadRtitCtl
            | EntryControls.LoadLbrCtl);
        p.Vmwrite(VmcsField.VmcsLinkPointer, ulong.MaxValue);
        p.Vmwrite(VmcsField.GuestRip, InitialGuestRip);

        p.Vmwrite(VmcsField.HostCr0, Cr0);
        p.Vmwrite(VmcsField.HostCr3, s.Cr3);
        p.Vmwrite(VmcsField.HostCr4, Cr4);
        p.Vmwrite(VmcsField.HostEfer, Efer);
        p.Vmwrite(VmcsField.HostPat, Pat);
        p.Vmwrite(VmcsField.HostSCet, SCet);
        p.Vmwrite(VmcsField.HostCsSelector, 0x08);
        p.Vmwrite(VmcsField.HostSsSelector, 0x10);
        p.Vmwrite(VmcsField.HostFsSelector, 0x18);
        p.Vmwrite(VmcsField.HostGsSelector, 0x18);
        p.Vmwrite(VmcsField.HostTrSelector, 0x20);
        p.Vmwrite(VmcsField.HostRip, s.Rip);
        p.Vmwrite(VmcsField.HostRsp, s.Rsp);
        p.Vmwrite(VmcsField.HostSsp, s.Ssp);
        p.Vmwrite(VmcsField.HostFsBase, s.FsBase);
        p.Vmwrite(VmcsField.HostGsBase, s.GsBase);
        p.Vmwrite(VmcsField.HostIdtrBase, s.Idtr);
        p.Vmwrite(VmcsField.HostGdtrBase, s.Idtr + 0x800);
        p.Vmwrite(VmcsField.HostTrBase, s.Idtr + 0x900);
    }

    // Bits 31:0 of a capability MSR: controls that must be 1.
    private static uint Required(ISeamPlatform p, uint msr) => p.TryRdmsr(msr, out ulong value) ? (uint)value : 0;
}
