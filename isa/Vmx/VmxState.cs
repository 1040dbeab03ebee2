namespace Seamsim.Isa.Vmx;

/// <summary>What VMX operation of one logical processor is doing. The VMCSs themselves are in memory.</summary>
internal sealed class VmxState
{
    /// <summary>Value of a VMCS pointer when no VMCS is current.</summary>
    public const ulong NoVmcs = ulong.MaxValue;

    /// <summary>Between VMXON and VMXOFF.</summary>
    public bool On;

    /// <summary>VMX non-root operation (a legacy guest or a TD).</summary>
    public bool NonRoot;

    /// <summary>SEAM: VMX root of the SEAM software, or a TD with <see cref="NonRoot"/>.</summary>
    public bool Seam;

    /// <summary>SEAM root was entered with RAX[63] = 1: P-SEAMLDR runs.</summary>
    public bool Seamldr;

    /// <summary>The VMXON pointer.</summary>
    public ulong VmxonPointer = NoVmcs;

    /// <summary>The current-VMCS pointer of the operation mode we are in.</summary>
    public ulong Current = NoVmcs;

    /// <summary>The current-VMCS pointer of legacy VMX root, put aside while in SEAM.</summary>
    public ulong LegacyCurrent = NoVmcs;

    /// <summary>An EPT violation or misconfiguration of the access that has just reported a fault.</summary>
    public EptFault? PendingEpt;

    /// <summary>The event being delivered, in IDT-vectoring format; 0 when none.</summary>
    public uint Vectoring;

    /// <summary>Error code of <see cref="Vectoring"/>.</summary>
    public uint VectoringErrorCode;

    /// <summary>A monitor-trap-flag exit was injected: it comes before the first guest instruction.</summary>
    public bool MtfArmed;

    /// <summary>A write of the virtual TPR went below the TPR threshold: an exit is due.</summary>
    public bool TprBelowThreshold;

    /// <summary>Clock value at which the VMX-preemption timer reaches zero.</summary>
    public ulong PreemptionDeadline = ulong.MaxValue;

    /// <summary>Forgets everything, as a reset does.</summary>
    public void Reset()
    {
        On = NonRoot = Seam = Seamldr = MtfArmed = TprBelowThreshold = false;
        VmxonPointer = Current = LegacyCurrent = NoVmcs;
        PendingEpt = null;
        Vectoring = VectoringErrorCode = 0;
        PreemptionDeadline = ulong.MaxValue;
    }
}

/// <summary>An EPT violation or misconfiguration waiting for its VM exit.</summary>
/// <param name="Misconfiguration">Reason 49 instead of 48.</param>
/// <param name="Convertible">The entry's suppress-#VE bit is clear.</param>
/// <param name="Qualification">Exit qualification (SDM vol. 3C, table 28-7).</param>
/// <param name="Gpa">The guest-physical address.</param>
/// <param name="Gla">The guest-linear address.</param>
internal readonly record struct EptFault(
    bool Misconfiguration, bool Convertible, ulong Qualification, ulong Gpa, ulong Gla);
