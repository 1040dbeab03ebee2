using System.Collections.Immutable;

namespace Seamsim.Isa.Vmx;

/// <summary>MSRs that VM entries and VM exits move. SDM vol. 4.</summary>
internal static class Msr
{
    public const uint ApicBase = 0x1B, SpecCtrl = 0x48, SmmMonitorCtl = 0x9B, SysenterCs = 0x174, SysenterEsp = 0x175,
        SysenterEip = 0x176, Debugctl = 0x1D9, Pat = 0x277, PerfGlobalCtrl = 0x38F, RtitCtl = 0x570, SCet = 0x6A2,
        InterruptSspTable = 0x6A8, Pkrs = 0x6E1, UintrMisc = 0x988, Bndcfgs = 0xD90, Xss = 0xDA0, LbrCtl = 0x14CE,
        SeamrrBase = 0x1400, SeamrrMask = 0x1401, SeamExtend = 0x1402, IntrPending = 0x9A, FeatureControl = 0x3A,
        Efer = 0xC000_0080, FsBase = 0xC000_0100, GsBase = 0xC000_0101, KernelGsBase = 0xC000_0102,
        TscDeadline = 0x6E0, MicrocodeUpdateTrigger = 0x79, MicrocodeSignature = 0x8B;

    public const uint VmxBasic = 0x480, VmxPinbased = 0x481, VmxProcbased = 0x482, VmxExit = 0x483, VmxEntry = 0x484,
        VmxMisc = 0x485, VmxCr0Fixed0 = 0x486, VmxCr0Fixed1 = 0x487, VmxCr4Fixed0 = 0x488, VmxCr4Fixed1 = 0x489,
        VmxProcbased2 = 0x48B, VmxEptVpidCap = 0x48C, VmxTruePinbased = 0x48D, VmxTrueProcbased = 0x48E,
        VmxTrueExit = 0x48F, VmxTrueEntry = 0x490, VmxVmfunc = 0x491, VmxProcbased3 = 0x492;
}

/// <summary>An MSR with a field of its own and controls that say when it moves.</summary>
/// <param name="Msr">The MSR.</param>
/// <param name="Field">Guest- or host-state field.</param>
/// <param name="LoadControl">VM-entry control (guest) or VM-exit control (host) that loads it.</param>
/// <param name="SaveControl">VM-exit control that saves it; 0 for host rows.</param>
internal readonly record struct MsrControl(uint Msr, VmcsField Field, uint LoadControl, uint SaveControl);

/// <summary>The MSRs moved by controls. SDM vol. 3C, 27.3.2.1, 28.3.1 and 28.5.1.</summary>
internal static class MsrControls
{
    public static ImmutableArray<MsrControl> Guest { get; } =
    [
        new(Msr.Debugctl,       VmcsField.GuestDebugctl,       EntryControls.LoadDebugControls,  0),
        new(Msr.PerfGlobalCtrl, VmcsField.GuestPerfGlobalCtrl, EntryControls.LoadPerfGlobalCtrl, ExitControls.SavePerfGlobalCtrl),
        new(Msr.Pat,            VmcsField.GuestPat,            EntryControls.LoadPat,            ExitControls.SavePat),
        new(Msr.Efer,           VmcsField.GuestEfer,           EntryControls.LoadEfer,           ExitControls.SaveEfer),
        new(Msr.Bndcfgs,        VmcsField.GuestBndcfgs,        EntryControls.LoadBndcfgs,        0),
        new(Msr.RtitCtl,        VmcsField.GuestRtitCtl,        EntryControls.LoadRtitCtl,        ExitControls.ClearRtitCtl),
        new(Msr.LbrCtl,         VmcsField.GuestLbrCtl,         EntryControls.LoadLbrCtl,         ExitControls.ClearLbrCtl),
        new(Msr.Pkrs,           VmcsField.GuestPkrs,           EntryControls.LoadPkrs,           0),
    ];

    public static ImmutableArray<MsrControl> Host { get; } =
    [
        new(Msr.PerfGlobalCtrl, VmcsField.HostPerfGlobalCtrl,  ExitControls.LoadPerfGlobalCtrl,  0),
        new(Msr.Pat,            VmcsField.HostPat,             ExitControls.LoadPat,             0),
        new(Msr.Efer,           VmcsField.HostEfer,            ExitControls.LoadEfer,            0),
        new(Msr.Pkrs,           VmcsField.HostPkrs,            ExitControls.LoadPkrs,            0),
    ];
}
