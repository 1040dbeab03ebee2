using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// The SEAM transitions. TDX CPU Architectural Extensions, "SEAMCALL", "SEAMRET", "TDCALL". Every cell of instruction ×
// operation mode × CPL × mode is a row of Data/seam-instructions.csv, and a test walks them all.
public sealed unsafe partial class Core
{
    private const int SeamInstructionLength = 4;

    /// <summary>SEAMCALL — call to SEAM VMX-root operation; RAX[63] selects P-SEAMLDR.</summary>
    internal Outcome Seamcall()
    {
        if (!InVmxOperation || InSeamRoot || !LongMode64)
            return Raise(Vector.UD);
        if (InNonRoot)
            return VmExit(ExitReason.Seamcall, 0, SeamInstructionLength);
        SeamRange range = SeamRange.Of(this);
        if (Cpl > 0 || !range.IsValid || (Lp->InterruptShadow & 2) != 0)
            return RaiseGp0();

        bool seamldr = Gpr(0) >> 63 != 0;
        if (!IsSeamTargetReady(seamldr))
            return SetVmxFlags(VmxResult.FailInvalid);
        SetVmxFlags(VmxResult.Succeed);
        if (Worlds is not null && Worlds.Intercepts(this, out ulong status))
        {
            Gpr(0) = status;
            return Outcome.Next;
        }
        return EnterSeam(range.TransferVmcs(Index, seamldr), seamldr);
    }

    /// <summary>SEAMRET — VM entry from the transfer VMCS back to legacy VMX root operation.</summary>
    internal Outcome Seamret()
    {
        if (!InSeamRoot || !LongMode64)
            return Raise(Vector.UD);
        if (Cpl > 0)
            return RaiseGp0();
        SeamRange range = SeamRange.Of(this);
        if (Vmx.Current != range.TransferVmcs(Index, Vmx.Seamldr))
            return SetVmxFlags(VmxResult.FailInvalid);
        Vmcs v = CurrentVmcs;
        if (!IsCanonical(v[VmcsField.GuestRip]))
            return SetVmxFlags(VmFail(VmInstructionError.EntryInvalidHostState));
        return LeaveSeam(v);
    }

    /// <summary>TDCALL — VM exit from a TD to the TDX module.</summary>
    internal Outcome Tdcall()
    {
        if (!InSeam || !InNonRoot)
            return Raise(Vector.UD);
        if (Cpl > 0)
            return RaiseGp0();
        return VmExit(ExitReason.Tdcall, 0, SeamInstructionLength);
    }

    private bool IsSeamTargetReady(bool seamldr)
    {
        if (!IsOnPlatform)
            return false;
        return seamldr
            ? Uncore.Seam.PSeamldrReady && Uncore.SeamShared.SeamldrOwner < 0
            : Uncore.Seam.SeamReady;
    }

    /// <summary>The VMM's state goes to the guest area of the transfer VMCS, its host area is loaded.</summary>
    private Outcome EnterSeam(ulong transfer, bool seamldr)
    {
        Vmx.LegacyCurrent = Vmx.Current;
        Vmx.Current = transfer;
        Vmx.Seam = true;
        Vmx.Seamldr = seamldr;
        if (seamldr)
            Uncore.SeamShared.SeamldrOwner = Index;
        Vmcs v = CurrentVmcs;
        var exit = new ExitInformation(ExitReason.Seamcall) { InstructionLength = SeamInstructionLength };
        RecordExit(v, exit, (uint)ExitReason.Seamcall);
        GuestState.Save(this, v, exit);
        HostState.Load(this, v);
        ModeChanged();
        uint cycles = ChargeOperation(Operation.Seamcall);
        Probe?.Switched(this, Operation.Seamcall);
        Worlds?.Switched(this, Operation.Seamcall, cycles);
        return Outcome.Jumped;
    }

    private Outcome LeaveSeam(Vmcs v)
    {
        GuestState.Load(this, v);
        if (Vmx.Seamldr)
            Uncore.SeamShared.SeamldrOwner = -1;
        Vmx.Current = Vmx.LegacyCurrent;
        Vmx.LegacyCurrent = VmxState.NoVmcs;
        Vmx.Seam = Vmx.Seamldr = false;
        // Interrupts held in SEAM are looked at before the VMM's next instruction.
        ModeChanged();
        Lp->Leave = 1;
        uint cycles = ChargeOperation(Operation.Seamret);
        Probe?.Switched(this, Operation.Seamret);
        Worlds?.Switched(this, Operation.Seamret, cycles);
        return Outcome.Jumped;
    }
}
