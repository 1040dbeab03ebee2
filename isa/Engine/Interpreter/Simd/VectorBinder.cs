using System.Runtime.InteropServices;
using Iced.Intel;
using Seamsim.Isa.Decode.Simd;
using Seamsim.Isa.Semantics.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter.Simd;

/// <summary>Turns a decoded vector instruction into an op with its handler's key.</summary>
internal static unsafe class VectorBinder
{
    private static readonly int Zmm = OffsetOf(nameof(LogicalProcessor.Zmm)), K = OffsetOf(nameof(LogicalProcessor.K)),
        St = OffsetOf(nameof(LogicalProcessor.St));

    /// <summary>The key; family <see cref="Family.System"/> for what is in no row.</summary>
    public static HandlerKey Bind(in Instruction i, Op* op, bool code64)
    {
        VectorRow? row = VectorTable.Find(i);
        if (row is null)
            return Key(Family.System);
        bool plain = row.Special is null && i.OpMask == Register.None && !i.IsBroadcast
            && i.RoundingControl == RoundingControl.None && !i.SuppressAllExceptions;
        HandlerKey key = plain ? Plain(i, op, code64, row) : Key(Family.VectorGeneral);
        if (key.Family == Family.VectorGeneral)
            op->VDst = VectorTable.NumberOf(row);
        return key;
    }

    /// <summary>Byte offset of a register in the LP struct.</summary>
    public static ushort Offset(Register register) => register switch
    {
        >= Register.XMM0 and <= Register.ZMM31 => (ushort)(Zmm + (64 * (register.GetFullRegister() - Register.ZMM0))),
        >= Register.K0 and <= Register.K7 => (ushort)(K + (8 * (register - Register.K0))),
        >= Register.MM0 and <= Register.MM7 => (ushort)(St + (16 * (register - Register.MM0))),
        _ => (ushort)((register.GetFullRegister() - Register.RAX) * 8),
    };

    /// <summary>Positions of the operands that are no immediates: 0 is the destination.</summary>
    public static int Operands(in Instruction i)
    {
        int count = i.OpCount;
        while (count > 0 && i.GetOpKind(count - 1) is not (OpKind.Register or OpKind.Memory))
            count--;
        return count;
    }

    /// <summary>Fills in the registers that operations may read, and says which operand is the register-or-memory one.</summary>
    public static int Registers(in Instruction i, Op* op)
    {
        int count = Operands(i), rm = Math.Min(count, 3) - 1;
        op->VDst = i.Op0Kind == OpKind.Register ? Offset(i.Op0Register) : (ushort)Zmm;
        op->VA = count >= 3 && i.Op1Kind == OpKind.Register ? Offset(i.Op1Register) : op->VDst;
        op->VB = count == 4 ? Offset(i.Op3Register) : (ushort)Zmm;
        if (rm >= 0 && i.GetOpKind(rm) == OpKind.Register)
            op->VRm = Offset(i.GetOpRegister(rm));
        return rm;
    }

    /// <summary>The immediate, or 0.</summary>
    public static uint Immediate(in Instruction i)
    {
        int count = Operands(i);
        return count < i.OpCount ? (uint)i.GetImmediate(count) : 0;
    }

    private static HandlerKey Plain(in Instruction i, Op* op, bool code64, VectorRow row)
    {
        bool isWhole = VectorTable.IsWhole(row.Operation!), isMmx = i.Op0Register.IsMM();
        if (i.Op0Kind == OpKind.Memory || (i.Op0Register.IsGPR() && !isWhole))
            return Store(i, op, code64, row);
        if (row.Merging == Merging.Own || (!isWhole && !i.Op0Register.IsVectorRegister() && !isMmx) || (isMmx && isWhole)
            || (i.Op0Register.IsGPR() && i.Op0Register.GetSize() < 4))
            return Key(Family.VectorGeneral);
        int rm = Registers(i, op);
        if (!isMmx && i.GetOpKind(rm) == OpKind.Register && i.GetOpRegister(rm).IsMM())
            return Key(Family.VectorGeneral);
        op->Imm = Immediate(i);
        bool isFlags = row.Operation!.IsAssignableTo(typeof(IFlagsOperation));
        Family family = isFlags ? Family.VectorFlags : isMmx ? Family.VectorMmx
            : isWhole ? Family.VectorWhole : Family.VectorLanes;
        HandlerKey key = Key(family) with
        {
            Operation = VectorTable.NumberOf(row), Width = Log2(isWhole ? Math.Max(8, LargestRegister(i)) : i.Op0Register.GetSize()),
            Condition = (byte)Form(i, row),
        };
        if (i.GetOpKind(rm) == OpKind.Register)
            return key with { Src = Place.Register, From = Log2(SizeOf(i.GetOpRegister(rm))) };
        return i.MemorySize.GetSize() == 0
            ? Key(Family.VectorGeneral)
            : key with { Src = OpBinder.Memory(i, op, code64), From = Log2(i.MemorySize.GetSize()) };
    }

    /// <summary>A move to memory; what else may be stored has to be computed first.</summary>
    private static HandlerKey Store(in Instruction i, Op* op, bool code64, VectorRow row)
    {
        bool narrows = row.Operation == typeof(MoveWord) && i.Op0Kind == OpKind.Register;
        if (row.Operation is null || !row.Operation.IsAssignableTo(typeof(IMove)) || i.Op1Register.IsMM() || narrows)
            return Key(Family.VectorGeneral);
        int high = row.Operation == typeof(MoveHigh) ? 8 : 0;
        op->VRm = (ushort)(Offset(i.Op1Register) + high);
        if (i.Op0Kind == OpKind.Register)
        {
            op->Dst = (byte)Offset(i.Op0Register);
            return Key(Family.VectorStore) with { From = Log2(i.Op0Register.GetSize()), Dst = Place.Register };
        }
        return Key(Family.VectorStore) with
        {
            From = Log2(i.MemorySize.GetSize()), Dst = OpBinder.Memory(i, op, code64), Condition = (byte)Form(i, row),
        };
    }

    /// <summary>Whether a memory operand has to be aligned.</summary>
    public static bool IsAligned(in Instruction i, VectorRow row) => i.MemorySize.GetSize() >= 16 && row.Alignment switch
    {
        Alignment.Always => true,
        Alignment.Legacy => i.Code.Encoding() == EncodingKind.Legacy,
        _ => false,
    };

    private static VectorForm Form(in Instruction i, VectorRow row)
    {
        VectorForm form = row.HasNoResult ? VectorForm.NoResult
            : i.Op0Register.IsK() || i.Op0Register.IsGPR() ? VectorForm.Word
            : i.Code.Encoding() == EncodingKind.Legacy ? VectorForm.None : VectorForm.ZeroUpper;
        return IsAligned(i, row) ? form | VectorForm.Aligned : form;
    }

    /// <summary>Bytes of a register operand.</summary>
    public static int SizeOf(Register register) => register.IsK() ? 8 : register.GetSize();

    /// <summary>Bytes of the largest vector operand, in a register or memory; a broadcast counts as its vector.</summary>
    public static int LargestRegister(in Instruction i)
    {
        int bytes = 0;
        for (int n = 0; n < i.OpCount; n++)
            if (i.GetOpKind(n) == OpKind.Register && (i.GetOpRegister(n).IsVectorRegister() || i.GetOpRegister(n).IsMM()))
                bytes = Math.Max(bytes, i.GetOpRegister(n).GetSize());
            else if (i.GetOpKind(n) == OpKind.Memory)
                bytes = Math.Max(bytes, i.Code.ToOpCode().MemorySize.GetInfo().Size);
        return bytes;
    }

    private static HandlerKey Key(Family family) => new(family, 0, 0, 0, 0, Place.None, Place.None, true, false);

    private static byte Log2(int value) => (byte)global::System.Numerics.BitOperations.Log2((uint)value);

    private static int OffsetOf(string field) => (int)Marshal.OffsetOf<LogicalProcessor>(field);
}
