using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>IN and OUT. SDM vol. 1, 19.5: IOPL or the I/O permission bitmap of the TSS.</summary>
internal static unsafe class PortIo
{
    public static Outcome In(Core core, in Instruction i)
    {
        int bytes = i.Op0Register.GetSize();
        ushort port = (ushort)core.ReadOperand(i, 1);
        if (!TryPermit(core, port, bytes))
            return Outcome.Fault;
        if (core.InterceptsIo(port, bytes, input: true, i, out Outcome exit))
            return exit;
        core.MeetPortBreakpoints(port, bytes);
        core.WriteRegister(i.Op0Register, core.ReadPort(port, bytes));
        return Outcome.Next;
    }

    public static Outcome Out(Core core, in Instruction i)
    {
        int bytes = i.Op1Register.GetSize();
        ushort port = (ushort)core.ReadOperand(i, 0);
        if (!TryPermit(core, port, bytes))
            return Outcome.Fault;
        if (core.InterceptsIo(port, bytes, input: false, i, out Outcome exit))
            return exit;
        core.MeetPortBreakpoints(port, bytes);
        core.WritePort(port, bytes, (uint)core.ReadRegister(i.Op1Register));
        return Outcome.Next;
    }

    /// <summary>False: #GP(0) or a fault of reading the TSS is recorded.</summary>
    public static bool TryPermit(Core core, ushort port, int bytes)
    {
        bool checks = core.InVirtual8086 || (!core.InRealMode && core.Cpl > core.Iopl);
        if (!checks)
            return true;
        Span<byte> raw = stackalloc byte[2];
        bool wide = (core.Lp->Tr.AccessRights & 8) != 0; // a 16-bit TSS has no bitmap
        if (!wide || core.Lp->Tr.Limit < 103)
            return Refuse(core);
        if (!core.TryReadSystem(new Gva(core.Lp->Tr.Base + 102), raw))
            return false;
        uint at = BinaryPrimitives.ReadUInt16LittleEndian(raw) + (uint)(port >> 3);
        if (at + 1 > core.Lp->Tr.Limit)
            return Refuse(core);
        if (!core.TryReadSystem(new Gva(core.Lp->Tr.Base + at), raw))
            return false;
        int mask = ((1 << bytes) - 1) << (port & 7);
        return (BinaryPrimitives.ReadUInt16LittleEndian(raw) & mask) == 0 || Refuse(core);
    }

    private static bool Refuse(Core core)
    {
        core.RaiseGp0();
        return false;
    }
}
