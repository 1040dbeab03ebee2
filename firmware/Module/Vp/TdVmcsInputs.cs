using Seamsim.Firmware.Abi;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>Everything the initial state of one TD VMCS depends on, besides the host state of the SEAM VMCS.</summary>
internal readonly record struct TdVmcsInputs
{
    // What an L2 VM reads of CR0 and CR4 until L1 decides: PE and NE; MCE and VMXE.
    private const ulong L2Cr0 = 0x21, L2Cr4 = 0x2040;

    /// <summary>The VM whose VMCS it is: 0 L1, otherwise an L2 VM.</summary>
    public int Vm { get; init; }

    /// <summary>The TD's HKID.</summary>
    public ushort Hkid { get; init; }

    /// <summary>How the control words are made.</summary>
    public VmxControlTable Controls { get; init; }

    /// <summary>
    /// IA32_VMX_* capability MSRs of the six control words, in the order of <see cref="TdControlWord"/>.
    /// </summary>
    public ulong[] Capabilities { get; init; }

    /// <summary>CR bits fixed by VMX.</summary>
    public CrFixedBits Fixed { get; init; }

    /// <summary>TDCS.ATTRIBUTES.</summary>
    public ulong Attributes { get; init; }

    /// <summary>TDCS.XFAM.</summary>
    public ulong Xfam { get; init; }

    /// <summary>What the TD was configured with.</summary>
    public TdFeatures Features { get; init; }

    /// <summary>Whether guest-physical addresses have 52 bits.</summary>
    public bool Gpaw { get; init; }

    /// <summary>TDCS.EPTP, HKID 0.</summary>
    public ulong Eptp { get; init; }

    /// <summary>TDCS.TSC_OFFSET.</summary>
    public ulong TscOffset { get; init; }

    /// <summary>TDCS.TSC_MULTIPLIER.</summary>
    public ulong TscMultiplier { get; init; }

    /// <summary>Which bits of IA32_SPEC_CTRL the TD may not change.</summary>
    public ulong SpecCtrlMask { get; init; }

    /// <summary>TDCS MSR-bitmap page.</summary>
    public ulong MsrBitmap { get; init; }

    /// <summary>TDCS page of zeros.</summary>
    public ulong ZeroPage { get; init; }

    /// <summary>TDVPS virtual-APIC page.</summary>
    public ulong VirtualApic { get; init; }

    /// <summary>TDVPS page 0, which begins with VE_INFO.</summary>
    public ulong VeInfo { get; init; }

    /// <summary>Linear address of the module's TD-exit entry.</summary>
    public ulong TdExitEntry { get; init; }

    /// <summary>The initial value of a row; rows of the SEAM VMCS are copied by the caller.</summary>
    public ulong Value(in TdVmcsRow row) => row.Source switch
    {
        TdVmcsSource.Vpid => ((ulong)Hkid << 2 | (uint)Vm) & 0xFFFF,
        TdVmcsSource.TdcsMsrBitmap => MsrBitmap,
        TdVmcsSource.TdcsZeroPage => ZeroPage,
        TdVmcsSource.TdvpsVirtualApic => VirtualApic,
        TdVmcsSource.TdvpsVeInfo => VeInfo,
        TdVmcsSource.Eptp => Eptp,
        TdVmcsSource.TscOffset => TscOffset,
        TdVmcsSource.TscMultiplier => TscMultiplier,
        TdVmcsSource.SpecCtrlMask => SpecCtrlMask,
        TdVmcsSource.Hkid => Hkid,
        TdVmcsSource.TdExitEntry => TdExitEntry,
        TdVmcsSource.Cr0Mask or TdVmcsSource.Cr4Mask when Vm != 0 => ulong.MaxValue,
        TdVmcsSource.Cr0Shadow when Vm != 0 => L2Cr0,
        TdVmcsSource.Cr4Shadow when Vm != 0 => L2Cr4,
        TdVmcsSource.Cr0Mask => CrRules.Cr0Mask(Fixed),
        TdVmcsSource.Cr0Shadow => CrRules.Cr0Shadow(Fixed),
        TdVmcsSource.Cr4Mask => CrRules.Cr4Mask(Fixed, Attributes, Xfam),
        TdVmcsSource.Cr4Shadow => CrRules.Cr4Shadow(Fixed),
        >= TdVmcsSource.ControlPin and <= TdVmcsSource.ControlEntry =>
            Control((TdControlWord)(row.Source - TdVmcsSource.ControlPin)),
        _ => row.Constant,
    };

    /// <summary>One control word with the TD's variations.</summary>
    public ulong Control(TdControlWord word)
    {
        ulong capability = Capabilities[(int)word], value = Controls.Of(word).Base(capability);
        if (Vm != 0)
            return value;
        bool perfGlobalCtrl = Has(TdFeatures.Perfmon) || Has(TdFeatures.Debug);
        return word switch
        {
            TdControlWord.Proc => With(
                With(value, ProcControls.MonitorExiting | ProcControls.MwaitExiting, !Has(TdFeatures.Monitor)),
                ProcControls.RdpmcExiting, !Has(TdFeatures.Perfmon)),
            TdControlWord.Proc2 => With(
                With(
                    With(value, ProcControls2.EnableUserWaitAndPause, Has(TdFeatures.WaitPkg)),
                    ProcControls2.EnablePconfig, Has(TdFeatures.Mktme)),
                ProcControls2.EnableEnclvExiting, (capability >> 32 & ProcControls2.EnableEnclvExiting) != 0),
            TdControlWord.Proc3 => With(value, ProcControls3.Gpaw, Gpaw),
            TdControlWord.Exit => With(
                value, ExitControls.LoadPerfGlobalCtrl | ExitControls.SavePerfGlobalCtrl, perfGlobalCtrl),
            TdControlWord.Entry => With(
                With(value, EntryControls.LoadPerfGlobalCtrl, perfGlobalCtrl),
                EntryControls.LoadPkrs, Has(TdFeatures.Pks) || Has(TdFeatures.Debug)),
            _ => value,
        };
    }

    private bool Has(TdFeatures feature) => (Features & feature) != 0;

    private static ulong With(ulong value, ulong bits, bool set) => set ? value | bits : value & ~bits;
}
