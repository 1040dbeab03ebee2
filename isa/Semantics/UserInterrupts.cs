using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Apic;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>CLUI, STUI, TESTUI, SENDUIPI, UIRET. SDM vol. 3A, chapter 8; vol. 2.</summary>
internal static unsafe class UserInterrupts
{
    /// <summary>RFLAGS bits that UIRET takes from the stack.</summary>
    private const ulong Returned = RflagsBit.Arithmetic | RflagsBit.Tf | RflagsBit.Df | RflagsBit.Nt | RflagsBit.Rf
        | RflagsBit.Ac | RflagsBit.Id;

    public static Outcome Clui(Core core, in Instruction i) => SetFlag(core, false);

    public static Outcome Stui(Core core, in Instruction i) => SetFlag(core, true);

    public static Outcome Testui(Core core, in Instruction i)
    {
        if (!core.HasUserInterrupts)
            return core.Raise(Vector.UD);
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, core.UserInterruptFlag ? RflagsBit.Cf : 0);
        return Outcome.Next;
    }

    public static Outcome Uiret(Core core, in Instruction i)
    {
        if (!core.HasUserInterrupts)
            return core.Raise(Vector.UD);
        Span<byte> frame = stackalloc byte[24];
        if (!core.TryReadLinear(new Gva(core.Lp->Gpr[4]), frame, core.Cpl))
            return Outcome.Fault;
        ulong rip = BinaryPrimitives.ReadUInt64LittleEndian(frame);
        if (!core.IsCanonical(rip))
            return core.RaiseGp0();
        if (core.ShadowStackEnabled(core.Cpl))
        {
            if (!core.TryLoadShadow(core.Lp->Ssp, 8, core.Cpl, out ulong saved))
                return Outcome.Fault;
            if (saved != rip)
                return core.Raise(Vector.CP, CetBit.FarReturn);
            core.Lp->Ssp += 8;
        }
        core.Lp->MonitorArmed = 0;
        core.Lp->Rip = rip;
        core.Rflags = (core.Rflags & ~Returned) | (BinaryPrimitives.ReadUInt64LittleEndian(frame[8..]) & Returned);
        core.Lp->Gpr[4] = BinaryPrimitives.ReadUInt64LittleEndian(frame[16..]);
        core.UserInterruptFlag = true;
        core.ModeChanged(); // AC takes part in SMAP
        return Outcome.Jumped;
    }

    /// <summary>SENDUIPI: posts a vector in the descriptor that an entry of the target table names, and notifies.</summary>
    public static Outcome Senduipi(Core core, in Instruction i)
    {
        const int vectorMax = 63;
        if (!core.HasUserInterrupts || (core.UserInterruptTargets & 1) == 0)
            return core.Raise(Vector.UD);
        ulong index = core.ReadOperand(i, 0);
        if (index > core.LastUserInterruptTarget)
            return core.RaiseGp0();
        Span<byte> entry = stackalloc byte[16];
        if (!core.TryReadSystem(new Gva((core.UserInterruptTargets & ~0xFUL) + (index << 4)), entry))
            return Outcome.Fault;
        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(entry), at = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
        int vector = (byte)(header >> 8);
        bool valid = (header & 1) != 0 && (header & ~0xFF01UL) == 0 && vector <= vectorMax && (at & 63) == 0;
        return valid ? Post(core, new Gva(at), vector) : core.RaiseGp0();
    }

    private static Outcome Post(Core core, Gva at, int vector)
    {
        const ulong outstanding = 1, suppressed = 2, reserved = 0xFF00FFFC;
        Span<byte> descriptor = stackalloc byte[16];
        if (!core.TryReadSystem(at, descriptor))
            return Outcome.Fault;
        ulong control = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        if ((control & reserved) != 0)
            return core.RaiseGp0();
        bool notifies = (control & (outstanding | suppressed)) == 0;
        ulong requests = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]) | (1UL << vector);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, notifies ? control | outstanding : control);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], requests);
        if (!core.TryWriteSystem(at, descriptor))
            return Outcome.Fault;
        uint destination = (uint)(control >> 32);
        if (notifies)
            core.Uncore.Apics.SendPhysical(
                core.Apic.IsX2Apic ? destination : (byte)(destination >> 8), DeliveryMode.Fixed, (byte)(control >> 16));
        return Outcome.Next;
    }

    private static Outcome SetFlag(Core core, bool value)
    {
        if (!core.HasUserInterrupts)
            return core.Raise(Vector.UD);
        core.UserInterruptFlag = value;
        return Outcome.Next;
    }
}
