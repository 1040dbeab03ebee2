using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>The VMX capability MSRs in the form the checks use. SDM vol. 3D, appendix A.</summary>
internal sealed record VmxCapabilities
{
    /// <summary>IA32_VMX_MISC[4:0]: the preemption timer ticks once every 2^n cycles.</summary>
    public const int PreemptionShift = 5;

    /// <summary>VMCS revision identifier, IA32_VMX_BASIC[30:0].</summary>
    public required uint RevisionId { get; init; }

    /// <summary>
    /// IA32_VMX_BASIC[56]: a hardware exception may be injected with or without an error code, whatever it is.
    /// </summary>
    public required bool AnyErrorCode { get; init; }

    /// <summary>Allowed settings: low half bits that must be 1, high half bits that may be 1.</summary>
    public required ulong Pin { get; init; }

    /// <inheritdoc cref="Pin"/>
    public required ulong Proc { get; init; }

    /// <inheritdoc cref="Pin"/>
    public required ulong Proc2 { get; init; }

    /// <summary>Bits of the tertiary controls that may be 1.</summary>
    public required ulong Proc3 { get; init; }

    /// <inheritdoc cref="Pin"/>
    public required ulong Exit { get; init; }

    /// <inheritdoc cref="Pin"/>
    public required ulong Entry { get; init; }

    /// <summary>IA32_VMX_MISC.</summary>
    public required ulong Misc { get; init; }

    /// <summary>IA32_VMX_EPT_VPID_CAP.</summary>
    public required ulong EptVpid { get; init; }

    /// <summary>Bits that must be 1 (Fixed0) and may be 1 (Fixed1) in CR0 and CR4.</summary>
    public required ulong Cr0Fixed0 { get; init; }

    /// <inheritdoc cref="Cr0Fixed0"/>
    public required ulong Cr0Fixed1 { get; init; }

    /// <inheritdoc cref="Cr0Fixed0"/>
    public required ulong Cr4Fixed0 { get; init; }

    /// <inheritdoc cref="Cr0Fixed0"/>
    public required ulong Cr4Fixed1 { get; init; }

    /// <summary>IA32_VMX_VMFUNC.</summary>
    public required ulong Vmfunc { get; init; }

    /// <summary>MAXPHYADDR.</summary>
    public required int PhysicalAddressBits { get; init; }

    /// <summary>5-level EPT: IA32_VMX_EPT_VPID_CAP bit 7.</summary>
    public bool FiveLevelEpt => (EptVpid & (1UL << 7)) != 0;

    /// <summary>Execute-only translations: bit 0.</summary>
    public bool ExecuteOnly => (EptVpid & 1) != 0;

    /// <summary>Accessed and dirty flags for EPT: bit 21.</summary>
    public bool AccessedDirty => (EptVpid & (1UL << 21)) != 0;

    /// <summary>EPTP bit 7, supervisor shadow-stack control: bit 23.</summary>
    public bool SupervisorShadowStack => (EptVpid & (1UL << 23)) != 0;

    /// <summary>VMWRITE to read-only fields: IA32_VMX_MISC bit 29.</summary>
    public bool WritesAnyField => (Misc & (1UL << 29)) != 0;

    /// <summary>Reads the MSRs of <paramref name="core"/>'s model.</summary>
    public static VmxCapabilities Read(Core core)
    {
        ulong Get(uint msr) => core.TryRdmsr(msr, out ulong value) ? value : 0;
        ulong basic = Get(Msr.VmxBasic);
        bool hasTrue = (basic & (1UL << 55)) != 0;
        return new VmxCapabilities
        {
            RevisionId = (uint)basic & 0x7FFF_FFFF,
            AnyErrorCode = (basic & (1UL << 56)) != 0,
            Pin = Get(hasTrue ? Msr.VmxTruePinbased : Msr.VmxPinbased),
            Proc = Get(hasTrue ? Msr.VmxTrueProcbased : Msr.VmxProcbased),
            Proc2 = Get(Msr.VmxProcbased2),
            Proc3 = Get(Msr.VmxProcbased3),
            Exit = Get(hasTrue ? Msr.VmxTrueExit : Msr.VmxExit),
            Entry = Get(hasTrue ? Msr.VmxTrueEntry : Msr.VmxEntry),
            Misc = Get(Msr.VmxMisc),
            EptVpid = Get(Msr.VmxEptVpidCap),
            Cr0Fixed0 = Get(Msr.VmxCr0Fixed0),
            Cr0Fixed1 = Get(Msr.VmxCr0Fixed1),
            Cr4Fixed0 = Get(Msr.VmxCr4Fixed0),
            Cr4Fixed1 = Get(Msr.VmxCr4Fixed1),
            Vmfunc = Get(Msr.VmxVmfunc),
            PhysicalAddressBits = core.Memory.Keys.PhysicalAddressBits,
        };
    }
}
