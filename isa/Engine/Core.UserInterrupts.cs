using System.Buffers.Binary;
using System.Numerics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Paging;

namespace Seamsim.Isa.State;

// User interrupts: notification and delivery. SDM vol. 3A, 8.4 and 8.5. Their registers are XSAVE component 14.
public sealed unsafe partial class Core
{
    private const byte UserInterruptFlagBit = 0x80;
    private const int FlagByte = 23;

    /// <summary>64-bit mode with CR4.UINTR on a processor that has user interrupts.</summary>
    internal bool HasUserInterrupts => LongMode64 && (Lp->Cr4 & Cr4Bit.Uintr) != 0 && UserInterruptState is not null;

    /// <summary>UIF.</summary>
    internal bool UserInterruptFlag
    {
        get => (UserInterruptState[FlagByte] & UserInterruptFlagBit) != 0;
        set => UserInterruptState[FlagByte] =
            (byte)((UserInterruptState[FlagByte] & ~UserInterruptFlagBit) | (value ? UserInterruptFlagBit : 0));
    }

    /// <summary>IA32_UINTR_TT.</summary>
    internal ulong UserInterruptTargets => *(ulong*)(UserInterruptState + 40);

    /// <summary>UITTSZ: the last index of the target table.</summary>
    internal uint LastUserInterruptTarget => *(uint*)(UserInterruptState + 16);

    private byte* UserInterruptState => IsOnPlatform ? Extended.Supervisor(XsaveMsrs.UintrComponent) : null;

    private bool IsUserInterruptNotification(byte vector) =>
        (Lp->Cr4 & Cr4Bit.Uintr) != 0 && LongModeActive && UserInterruptState is var state && state is not null
        && state[20] == vector;

    /// <summary>Takes what is posted in the descriptor over into UIRR; the interrupt is not delivered through the IDT.</summary>
    private Outcome TakeUserInterruptNotification()
    {
        const ulong outstanding = 1;
        Apic.EndOfInterrupt();
        Lp->Activity = ActivityState.Active;
        var at = new Gva(*(ulong*)(UserInterruptState + 24));
        Span<byte> descriptor = stackalloc byte[16];
        if (!TryReadSystem(at, descriptor))
            return Outcome.Fault;
        ulong control = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        ulong requests = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, control & ~outstanding);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], 0);
        if (!TryWriteSystem(at, descriptor))
            return Outcome.Fault;
        *(ulong*)(UserInterruptState + 32) |= requests;
        return TakeUserInterrupt() ?? Outcome.Jumped;
    }

    /// <summary>Delivers the highest user interrupt of UIRR; null when there is none, or it has to wait.</summary>
    private Outcome? TakeUserInterrupt()
    {
        if ((Lp->Cr4 & Cr4Bit.Uintr) == 0 || Cpl != 3 || Lp->InterruptShadow != 0 || !HasUserInterrupts || !UserInterruptFlag)
            return null;
        ulong* requests = (ulong*)(UserInterruptState + 32);
        if (*requests == 0)
            return null;
        ulong handler = *(ulong*)UserInterruptState, adjust = *(ulong*)(UserInterruptState + 8);
        if (!IsCanonical(handler))
            return RaiseGp0();
        int vector = BitOperations.Log2(*requests);
        ulong top = ((adjust & 1) != 0 ? adjust & ~7UL : Lp->Gpr[4] - adjust) & ~15UL;
        Span<byte> frame = stackalloc byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)vector);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], Lp->Rip);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[16..], Rflags);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[24..], Lp->Gpr[4]);
        bool shadowed = ShadowStackEnabled(Cpl);
        PreparedWrite shadow = default;
        if ((shadowed && !TryPrepareShadowPush(8, out shadow)) || !TryWriteLinear(new Gva(top - (ulong)frame.Length), frame, Cpl))
            return Outcome.Fault;
        if (shadowed)
            PushShadow(shadow, 8, Lp->Rip);
        if (EndbranchEnabled(Cpl))
            CetOf(Cpl) |= CetBit.Tracker;
        Lp->Gpr[4] = top - (ulong)frame.Length;
        *requests &= ~(1UL << vector);
        UserInterruptFlag = false;
        Rflags &= ~(RflagsBit.Tf | RflagsBit.Rf);
        Lp->Rip = handler;
        return Outcome.Jumped;
    }
}
