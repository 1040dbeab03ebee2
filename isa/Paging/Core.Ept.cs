using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Guest-physical addresses of non-root operation. SDM vol. 3C, chapter 29; shared and private halves: TDX CPU
// Architectural Extensions, "Secure EPT".
public sealed unsafe partial class Core
{
    private VmxCapabilities? capabilities;

    /// <summary>The VMX capabilities of this core's model.</summary>
    internal VmxCapabilities Capabilities
    {
        get => capabilities ??= VmxCapabilities.Read(this);
        set => capabilities = value;
    }

    /// <summary>
    /// Translates a guest-physical address; to be called for every guest-physical reference in non-root operation. On
    /// <see cref="EptStatus.Fault"/> the VM exit (or #VE) is recorded: the access reports a fault, and
    /// <see cref="InterceptsFault"/> takes it from there.
    /// </summary>
    /// <param name="gpa">The address, shared bit included.</param>
    /// <param name="access">What is done to it.</param>
    /// <param name="gla">The linear address on whose behalf.</param>
    public EptResult TranslateGpa(ulong gpa, EptAccess access, ulong gla)
    {
        Vmcs v = CurrentVmcs;
        if (!IsSet(v, ProcControls2.EnableEpt))
            return new EptResult(EptStatus.Ok, new Hpa(gpa), 52, EptRights.All, true);
        int sharedBit = IsSet(v, ProcControls3.Gpaw) ? 51 : 47;
        if (Vmx.Seam && gpa >> (sharedBit + 1) != 0)
            return new EptResult(EptStatus.ReservedBits, default, 12, EptRights.None, false);

        EptWalk walk = WalkOf(v, Vmx.Seam && (gpa & (1UL << sharedBit)) != 0);
        // With A/D flags on, references to guest paging structures count as writes (29.3.3.2).
        if (walk.AccessedDirty && (access & EptAccess.PageWalk) != 0)
            access |= EptAccess.Write;
        bool write = (access & EptAccess.Write) != 0;
        EptWalkResult result = new Ept(Memory, Capabilities, this).Walk(walk, gpa, write);
        if (Timing is null)
            ChargeOperation(Operation.EptWalkReference, gpa, walk.Levels);
        Walking.Current += (uint)(walk.Levels - ((result.PageShift - 12) / 9));
        switch (result.End)
        {
            case EptWalkEnd.MachineCheck:
                Raise(Vector.MC);
                return new EptResult(EptStatus.Fault, default, 12, EptRights.None, false);
            case EptWalkEnd.Ok when Needed(walk, access) is var needed && (result.Rights & needed) == needed:
                bool dirty = !walk.AccessedDirty || (result.Entry & EptEntry.Dirty) != 0;
                return new EptResult(EptStatus.Ok, result.Address, result.PageShift, result.Rights, dirty);
            default:
                return RecordEptFault(walk, result, gpa, access, gla);
        }
    }

    private EptWalk WalkOf(Vmcs v, bool shared)
    {
        ulong eptp = v[VmcsField.Eptp];
        int levels = (int)(eptp >> 3 & 7) + 1;
        bool userExecute = IsSet(v, ProcControls2.ModeBasedExecuteControl);
        KeyId? key = Vmx.Seam && !shared ? new KeyId((ushort)v[VmcsField.TdHkid]) : null;
        ulong root = shared ? v[VmcsField.SharedEptp] : eptp;
        bool accessedDirty = !shared && (eptp & (1 << 6)) != 0;
        return new EptWalk(root, levels, key, accessedDirty, userExecute, Vmx.Seam);
    }

    private static EptRights Needed(in EptWalk walk, EptAccess access)
    {
        EptRights needed = (EptRights)(access & (EptAccess.Read | EptAccess.Write));
        if ((access & EptAccess.Fetch) == 0)
            return needed;
        bool user = walk.ModeBasedExecute && (access & EptAccess.UserPage) != 0;
        return needed | (user ? EptRights.UserExecute : EptRights.SupervisorExecute);
    }

    private EptResult RecordEptFault(
        in EptWalk walk, in EptWalkResult result, ulong gpa, EptAccess access, ulong gla)
    {
        EptRights rights = result.Rights;
        ulong qualification = (ulong)(access & (EptAccess.Read | EptAccess.Write | EptAccess.Fetch));
        qualification |= (ulong)(rights & (EptRights.Read | EptRights.Write | EptRights.SupervisorExecute)) << 3;
        if (walk.ModeBasedExecute && (rights & EptRights.UserExecute) != 0)
            qualification |= 1 << 6;
        if ((access & EptAccess.NoLinear) == 0)
            qualification |= (1UL << 7) | ((access & EptAccess.PageWalk) == 0 ? 1UL << 8 : 0);
        bool misconfigured = result.End == EptWalkEnd.Misconfiguration;
        bool convertible = (result.Entry & EptEntry.SuppressVe) == 0;
        Vmx.PendingEpt = new EptFault(misconfigured, convertible, qualification, gpa, gla);
        PendingFault = new PendingFault(Vector.VE, 0, 0);
        return new EptResult(EptStatus.Fault, default, 12, EptRights.None, false);
    }
}
