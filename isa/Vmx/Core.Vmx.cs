using Seamsim.Isa.Paging;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Where the logical processor is, as the other units ask it.
public sealed unsafe partial class Core
{
    /// <summary>State of VMX operation.</summary>
    internal VmxState Vmx { get; } = new();

    /// <summary>Between VMXON and VMXOFF.</summary>
    public bool InVmxOperation => Vmx.On;

    /// <summary>VMX non-root operation: a legacy guest or a TD.</summary>
    public bool InNonRoot => Vmx.NonRoot;

    /// <summary>SEAM root or a TD: memory accesses may use private KeyIDs and reach the SEAM range.</summary>
    public bool InSeam => Vmx.Seam;

    /// <summary>SEAM VMX root: the TDX module or P-SEAMLDR.</summary>
    public bool InSeamRoot => Vmx.Seam && !Vmx.NonRoot;

    /// <summary>What cached translations belong to at the moment.</summary>
    public TranslationContext TranslationContext
    {
        get
        {
            if (!Vmx.NonRoot)
                return new TranslationContext(false, Vmx.Seam, 0, 0);
            Vmcs v = CurrentVmcs;
            bool ept = IsSet(v, ProcControls2.EnableEpt);
            ulong eptp = ept ? v[VmcsField.Eptp] : 0;
            if (Vmx.Seam)
                eptp = eptp ^ (v[VmcsField.TdHkid] << 52) ^ (v[VmcsField.SharedEptp] << 20);
            ushort vpid = IsSet(v, ProcControls2.EnableVpid) ? (ushort)v[VmcsField.Vpid] : (ushort)0;
            return new TranslationContext(true, Vmx.Seam, vpid, eptp);
        }
    }

    /// <summary>The current VMCS; only meaningful while there is one.</summary>
    internal Vmcs CurrentVmcs => new(Memory, new Hpa(Vmx.Current));

    /// <summary>Whether a secondary processor-based control is active and set.</summary>
    internal static bool IsSet(Vmcs v, uint secondaryControl) =>
        (v.Dword(VmcsField.ProcBasedControls) & ProcControls.ActivateSecondaryControls) != 0 &&
        (v.Dword(VmcsField.ProcBasedControls2) & secondaryControl) != 0;

    /// <summary>Whether a tertiary processor-based control is active and set.</summary>
    internal static bool IsSet(Vmcs v, ulong tertiaryControl) =>
        (v.Dword(VmcsField.ProcBasedControls) & ProcControls.ActivateTertiaryControls) != 0 &&
        (v[VmcsField.ProcBasedControls3] & tertiaryControl) != 0;

    /// <summary>Adds the cost of operations to the clock; the operand is for the record only.</summary>
    internal uint ChargeOperation(Ports.Operation operation, ulong operand = 0, int count = 1)
    {
        uint each = InManagedCode ? Costs.ManagedCycles(operation) : Costs.OperationCycles(operation);
        uint cycles = each * (uint)count;
        Lp->Cycles += cycles;
        Ledger?.Charged(this, operation, count, cycles);
        Probe?.Operations(this, operation, count, cycles, operand);
        return cycles;
    }
}
