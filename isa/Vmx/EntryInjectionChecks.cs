using Seamsim.Isa.Engine;
using Seamsim.Isa.State;
using static Seamsim.Isa.Vmx.VmInstructionError;

namespace Seamsim.Isa.Vmx;

/// <summary>Checks on the event to inject. SDM vol. 3C, 27.2.1.3.</summary>
internal static class EntryInjectionChecks
{
    private const uint OtherEvent = 7, ReservedBits = 0x7FFF_F000;

    public static EntryRule[] All =>
    [
        TypeIsDefined, VectorFitsType, ErrorCodeIsDeliveredWhereDefined, ReservedBitsAreZero, ErrorCodeFits,
        SoftwareEventHasLength,
    ];

    private static uint TypeOf(in EntryContext c) => Interruption.TypeOf(c.Injected);

    private static bool IsProtected(in EntryContext c) =>
        !c.Has2(ProcControls2.UnrestrictedGuest) || (c[VmcsField.GuestCr0] & Cr0Bit.Pe) != 0;

    [EntryCheck("injection.type", EntryInvalidControls)]
    private static bool TypeIsDefined(in EntryContext c)
    {
        bool monitorTrap = (c.Cap.Proc >> 32 & ProcControls.MonitorTrapFlag) != 0;
        return !c.Injects || TypeOf(c) != 1 && (TypeOf(c) != OtherEvent || monitorTrap);
    }

    [EntryCheck("injection.vector", EntryInvalidControls)]
    private static bool VectorFitsType(in EntryContext c)
    {
        byte vector = Interruption.VectorOf(c.Injected);
        return !c.Injects || TypeOf(c) switch
        {
            (uint)EventType.Nmi => vector == (byte)Vector.NMI,
            (uint)EventType.HardwareException => vector <= 31,
            OtherEvent => vector == 0,
            _ => true,
        };
    }

    [EntryCheck("injection.deliver-error-code", EntryInvalidControls)]
    private static bool ErrorCodeIsDeliveredWhereDefined(in EntryContext c)
    {
        if (!c.Injects)
            return true;
        bool delivers = (c.Injected & Interruption.HasErrorCode) != 0;
        bool exception = TypeOf(c) == (uint)EventType.HardwareException && IsProtected(c);
        if (c.Cap.AnyErrorCode)
            return exception || !delivers;
        bool defined = exception && (Vector)Interruption.VectorOf(c.Injected) is
            Vector.DF or Vector.TS or Vector.NP or Vector.SS or Vector.GP or Vector.PF or Vector.AC or Vector.CP;
        return delivers == defined;
    }

    [EntryCheck("injection.reserved", EntryInvalidControls)]
    private static bool ReservedBitsAreZero(in EntryContext c) => !c.Injects || (c.Injected & ReservedBits) == 0;

    [EntryCheck("injection.error-code", EntryInvalidControls)]
    private static bool ErrorCodeFits(in EntryContext c) =>
        !c.Injects || (c.Injected & Interruption.HasErrorCode) == 0 || c[VmcsField.EntryExceptionErrorCode] >> 16 == 0;

    [EntryCheck("injection.instruction-length", EntryInvalidControls)]
    private static bool SoftwareEventHasLength(in EntryContext c)
    {
        bool software = (EventType)TypeOf(c) is
            EventType.SoftwareInterrupt or EventType.PrivilegedSoftwareException or EventType.SoftwareException;
        ulong length = c[VmcsField.EntryInstructionLength];
        bool zeroAllowed = (c.Cap.Misc & (1 << 30)) != 0;
        return !c.Injects || !software || length <= 15 && (length != 0 || zeroAllowed);
    }
}
