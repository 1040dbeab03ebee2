using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What a logical processor keeps while a virtual CPU runs on it: bytes of its local data, from
/// <see cref="LpData.VpContext"/> on. TDX module 1.5.01, local data ("vp_ctx", "single-step defence").
/// </summary>
internal readonly struct VpContext(ISeamPlatform p, LpData lp)
{
    private const int TdvprOffset = 0x00, TdrOffset = 0x08, LastTdvprOffset = 0x10, EntryTscOffset = 0x18,
        EntryRipOffset = 0x20, HostSpecCtrlOffset = 0x28, HostDebugCtlOffset = 0x30, HostRbpOffset = 0x38,
        SteppingOffset = 0x40, NmiSeenOffset = 0x41, InitSeenOffset = 0x42, BusLockOffset = 0x43, StepsOffset = 0x44,
        SavedCr8Offset = 0x48, HostLamEnableOffset = 0x50, HostMsrsOffset = 0x58;

    // The last three pages of local data: an XSAVE image nobody else uses.
    private const ulong ScratchXsavePage = 0x1000;

    private readonly Hpa at = lp.Address + LpData.VpContext;

    /// <summary>TDVPR page of the virtual CPU that runs here, without KeyID.</summary>
    public Hpa Tdvpr
    {
        get => new(p.Read<ulong>(at + TdvprOffset));
        set => p.Write(at + TdvprOffset, value.Value);
    }

    /// <summary>TDR page of the TD that runs here, without KeyID.</summary>
    public Hpa Tdr
    {
        get => new(p.Read<ulong>(at + TdrOffset));
        set => p.Write(at + TdrOffset, value.Value);
    }

    /// <summary>TDVPR page of the virtual CPU that ran here last; 0 when it was flushed or none did.</summary>
    public Hpa LastTdvpr
    {
        get => new(p.Read<ulong>(at + LastTdvprOffset));
        set => p.Write(at + LastTdvprOffset, value.Value);
    }

    /// <summary>TSC at the last TD entry.</summary>
    public ulong EntryTsc
    {
        get => p.Read<ulong>(at + EntryTscOffset);
        set => p.Write(at + EntryTscOffset, value);
    }

    /// <summary>Guest RIP at the last TD entry.</summary>
    public ulong EntryRip
    {
        get => p.Read<ulong>(at + EntryRipOffset);
        set => p.Write(at + EntryRipOffset, value);
    }

    /// <summary>The VMM's IA32_SPEC_CTRL.</summary>
    public ulong HostSpecCtrl
    {
        get => p.Read<ulong>(at + HostSpecCtrlOffset);
        set => p.Write(at + HostSpecCtrlOffset, value);
    }

    /// <summary>The VMM's IA32_DEBUGCTL.</summary>
    public ulong HostDebugCtl
    {
        get => p.Read<ulong>(at + HostDebugCtlOffset);
        set => p.Write(at + HostDebugCtlOffset, value);
    }

    /// <summary>The VMM's linear-address masking enable.</summary>
    public ulong HostLamEnable
    {
        get => p.Read<ulong>(at + HostLamEnableOffset);
        set => p.Write(at + HostLamEnableOffset, value);
    }

    /// <summary>An MSR of the VMM's that it gets back; <see cref="TdGuestMsr.VmmSlot"/>.</summary>
    public ulong HostMsr(int slot) => p.Read<ulong>(HostMsrField(slot));

    /// <summary>Keeps an MSR of the VMM's.</summary>
    public void SetHostMsr(int slot, ulong value) => p.Write(HostMsrField(slot), value);

    /// <summary>The VMM's RBP, for TDs that promise not to pass theirs out.</summary>
    public ulong HostRbp
    {
        get => p.Read<ulong>(at + HostRbpOffset);
        set => p.Write(at + HostRbpOffset, value);
    }

    /// <summary>Whether the single-step defence has taken over.</summary>
    public bool Stepping
    {
        get => p.Read<byte>(at + SteppingOffset) != 0;
        set => p.Write(at + SteppingOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>An NMI arrived while stepping.</summary>
    public bool NmiSeen
    {
        get => p.Read<byte>(at + NmiSeenOffset) != 0;
        set => p.Write(at + NmiSeenOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>An INIT arrived while stepping.</summary>
    public bool InitSeen
    {
        get => p.Read<byte>(at + InitSeenOffset) != 0;
        set => p.Write(at + InitSeenOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>A bus lock was taken since the last TD exit to the host.</summary>
    public bool BusLock
    {
        get => p.Read<byte>(at + BusLockOffset) != 0;
        set => p.Write(at + BusLockOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>Instructions the defence still lets the TD execute.</summary>
    public uint Steps
    {
        get => p.Read<uint>(at + StepsOffset);
        set => p.Write(at + StepsOffset, value);
    }

    /// <summary>CR8 before the defence masked interrupts.</summary>
    public ulong SavedCr8
    {
        get => p.Read<ulong>(at + SavedCr8Offset);
        set => p.Write(at + SavedCr8Offset, value);
    }

    /// <summary>An XSAVE image in the SEAM range to pass registers through.</summary>
    public Hpa ScratchXsave => lp.Address + ScratchXsavePage;

    private Hpa HostMsrField(int slot) => at + (ulong)(HostMsrsOffset + 8 * (slot - 1));
}
