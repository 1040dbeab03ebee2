using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

// Real-mode interrupt handlers. SDM vol. 3A, 21.1.4 and 21.3.3.
internal readonly unsafe ref partial struct EventEntry
{
    private const uint RedirectionBytes = 32, IoMapBase = 102, VirtualTable = 0;

    /// <summary>
    /// Whether INT n in virtual-8086 mode goes to the 8086 program's own handler: CR4.VME is set and the vector's bit
    /// of the software interrupt redirection bitmap is clear. SDM vol. 3A, table 21-2. False with
    /// <paramref name="fault"/> when the TSS cannot be read.
    /// </summary>
    public static bool IsRedirected(Core core, byte vector, out bool fault)
    {
        fault = false;
        if ((core.Lp->Cr4 & Cr4Bit.Vme) == 0)
            return false;
        Span<byte> raw = stackalloc byte[2];
        if (IoMapBase + 1 > core.Lp->Tr.Limit)
        {
            core.RaiseGp0();
            fault = true;
            return false;
        }
        fault = !core.TryReadSystem(new Gva(core.Lp->Tr.Base + IoMapBase), raw);
        if (fault)
            return false;
        uint at = BinaryPrimitives.ReadUInt16LittleEndian(raw) - RedirectionBytes + (vector / 8u);
        if (at > core.Lp->Tr.Limit)
        {
            core.RaiseGp0();
            fault = true;
            return false;
        }
        fault = !core.TryReadSystem(new Gva(core.Lp->Tr.Base + at), raw[..1]);
        return !fault && (raw[0] >> (vector & 7) & 1) == 0;
    }

    /// <summary>INT n to the 8086 program's handler; below IOPL 3 with VIF in the place of IF.</summary>
    public Outcome EnterVirtual()
    {
        bool owns = core.Iopl == 3;
        ulong image = SavedFlags;
        if (!owns)
            image = (image & ~RflagsBit.If) | RflagsBit.Iopl | ((SavedFlags & RflagsBit.Vif) != 0 ? RflagsBit.If : 0);
        return EnterReal(VirtualTable, ushort.MaxValue, image, RflagsBit.Tf | RflagsBit.Rf | (owns ? RflagsBit.If : RflagsBit.Vif));
    }

    private Outcome EnterReal(ulong table, uint limit) =>
        EnterReal(table, limit, SavedFlags, RflagsBit.If | RflagsBit.Tf | RflagsBit.Ac | RflagsBit.Rf);

    private Outcome EnterReal(ulong table, uint limit, ulong flags, ulong cleared)
    {
        Span<byte> entry = stackalloc byte[4];
        if ((vector * 4u) + 3 > limit)
            return core.Raise(Vector.GP, IdtError);
        if (!core.TryReadSystem(new Gva(table + (vector * 4u)), entry))
            return Outcome.Fault;
        var image = new FrameImage(stackalloc byte[6], 2);
        image.Add(ReturnRip);
        image.Add(core.Lp->Cs.Selector);
        image.Add(flags);
        int address = Core.StackBytesOf(core.Lp->Ss);
        if (!core.TryPrepareFrame(core.Lp->Ss, address, core.Lp->Gpr[4], image.Bytes, core.Cpl, 0, out PreparedFrame frame))
            return Outcome.Fault;

        core.Push(frame, image.Image);
        core.SetStackPointer(frame.Pointer, address);
        ushort selector = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]);
        core.Lp->Cs.Selector = selector;
        core.Lp->Cs.Base = (ulong)selector << 4;
        core.Rflags &= ~cleared;
        core.Lp->Rip = BinaryPrimitives.ReadUInt16LittleEndian(entry);
        core.ModeChanged();
        return Outcome.Jumped;
    }
}
