using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>PUSHF and POPF in their three sizes and all modes. SDM vol. 2; vol. 3A, 21.3.3.</summary>
internal static unsafe class FlagsOnStack
{
    private const ulong Never = RflagsBit.Vm | RflagsBit.Rf | RflagsBit.Vif | RflagsBit.Vip;

    public static Outcome Pushf(Core core, in Instruction i)
    {
        int bytes = -i.StackPointerIncrement;
        ulong image = core.Rflags & ~(RflagsBit.Vm | RflagsBit.Rf);
        if (core.InVirtual8086 && core.Iopl < 3)
        {
            if (!HasVirtualFlag(core, bytes))
                return core.RaiseGp0();
            bool enabled = (image & RflagsBit.Vif) != 0;
            image = (image & ~RflagsBit.If) | RflagsBit.Iopl | (enabled ? RflagsBit.If : 0);
        }
        return core.TryPush(image, bytes) ? Outcome.Next : Outcome.Fault;
    }

    public static Outcome Popf(Core core, in Instruction i)
    {
        int bytes = i.StackPointerIncrement;
        bool isVirtual = core.InVirtual8086 && core.Iopl < 3;
        if (isVirtual && !HasVirtualFlag(core, bytes))
            return core.RaiseGp0();
        if (!core.TryReadStack(0, bytes, out ulong image))
            return Outcome.Fault;
        if (isVirtual && !TryLoadVirtualFlag(core, image))
            return core.RaiseGp0();
        core.StackPointer += (ulong)bytes;
        ulong may = MayLoad(core) & (bytes == 2 ? 0xFFFF : ulong.MaxValue);
        core.Rflags = (core.Rflags & ~(may | RflagsBit.Rf)) | (image & may);
        core.ModeChanged(); // AC takes part in SMAP
        return Outcome.Next;
    }

    /// <summary>IF by IOPL, IOPL by CPL 0 (real mode is at level 0).</summary>
    private static ulong MayLoad(Core core)
    {
        ulong may = RflagsBit.Defined & ~Never;
        if (core.Cpl != 0)
            may &= ~RflagsBit.Iopl;
        return core.Cpl > core.Iopl ? may & ~RflagsBit.If : may;
    }

    private static bool HasVirtualFlag(Core core, int bytes) => bytes == 2 && (core.Lp->Cr4 & Cr4Bit.Vme) != 0;

    /// <summary>IF of the image becomes VIF, unless an interrupt is pending or TF would be set.</summary>
    private static bool TryLoadVirtualFlag(Core core, ulong image)
    {
        bool enables = (image & RflagsBit.If) != 0, pending = (core.Lp->Rflags & RflagsBit.Vip) != 0;
        if ((enables && pending) || (image & RflagsBit.Tf) != 0)
            return false;
        core.Lp->Rflags = (core.Lp->Rflags & ~RflagsBit.Vif) | (enables ? RflagsBit.Vif : 0);
        return true;
    }
}
