using System.Runtime.InteropServices;
using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Engine.Interpreter.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>Turns one decoded instruction into an op: operands, and the key of its handler.</summary>
internal static unsafe class OpBinder
{
    private static readonly byte ZeroRegister =
        (byte)(int)Marshal.OffsetOf<LogicalProcessor>(nameof(LogicalProcessor.Zero));

    /// <summary>Fills <paramref name="op"/>; the key's family is <see cref="Family.System"/> for what has no handler.</summary>
    public static HandlerKey Bind(in Instruction i, Op* op, bool code64, VectorMode mode)
    {
        op->NextRip = i.NextIP;
        op->Length = (byte)i.Length;
        op->Count = 1;
        op->Base = op->Index = ZeroRegister;
        if (i.HasRepPrefix && i.IsStringInstruction)
            return System();
        VectorUse use = VectorUses.Of(i);
        if (use != VectorUse.None)
        {
            if (VectorUses.Refusal(use, mode) is not null)
                return System(); // which raises it
            if (use is not (VectorUse.X87 or VectorUse.Vex))
                return VectorBinder.Bind(i, op, code64);
        }
        HandlerKey key = BindMove(i, op, code64);
        if (key.Family == Family.System)
            key = BindBranch(i, op, code64);
        if (key.Family == Family.System && InstructionTable.TryFind(i.Mnemonic, out InstructionRow row))
            key = BindRow(i, op, code64, row);
        return key;
    }

    /// <summary>The key of an instruction that the run loop executes.</summary>
    public static HandlerKey System() => Key(Family.System);

    private static HandlerKey Key(Family family) => new(family, 0, 0, 0, 0, Place.None, Place.None, true, false);

    private static HandlerKey BindMove(in Instruction i, Op* op, bool code64)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov when IsGeneral(i, 0) && IsGeneral(i, 1):
                return Two(Family.Move, i, op, code64);
            case Mnemonic.Movbe:
                return Two(Family.MoveReversed, i, op, code64);
            case Mnemonic.Movzx:
                return Extend(Family.MoveZero, i, op, code64);
            case Mnemonic.Movsx or Mnemonic.Movsxd:
                return Extend(Family.MoveSign, i, op, code64);
            case Mnemonic.Lea when code64 || i.Op0Register.GetSize() >= 2:
                return BindLea(i, op, code64);
            case Mnemonic.Crc32:
                op->Dst = Offset(i.Op0Register);
                return Key(Family.Checksum) with { From = Log2(Size(i, 1)), Src = Source(i, 1, op, code64) };
            case Mnemonic.Xchg:
                return Exchange(Family.Exchange, i, op, code64);
            case Mnemonic.Xadd:
                return Exchange(Family.ExchangeAdd, i, op, code64);
            case Mnemonic.Cmpxchg:
                return Exchange(Family.CompareExchange, i, op, code64);
        }
        if (i.ConditionCode == ConditionCode.None || i.IsJccShortOrNear || i.Op0Kind is not (OpKind.Register or OpKind.Memory))
            return System();
        byte condition = Condition(i);
        if (i.OpCount == 1 && Size(i, 0) == 1)
            return Key(Family.SetIf) with { Condition = condition, Dst = Destination(i, op, code64) };
        return i.OpCount == 2 && IsCmov(i)
            ? Two(Family.MoveIf, i, op, code64) with { Condition = condition }
            : System();
    }

    private static bool IsCmov(in Instruction i) => i.Mnemonic is >= Mnemonic.Cmova and <= Mnemonic.Cmovs;

    private static HandlerKey BindLea(in Instruction i, Op* op, bool code64)
    {
        Place place = Memory(i, op, code64);
        op->Segment = 3; // LEA has no segment
        if (place == Place.AnyAddress)
            return System();
        op->Dst = Offset(i.Op0Register);
        return Key(Family.Lea) with { Width = Log2(i.Op0Register.GetSize()), Src = place };
    }

    private static HandlerKey Extend(Family family, in Instruction i, Op* op, bool code64)
    {
        op->Dst = Offset(i.Op0Register);
        int from = Size(i, 1);
        return Key(family) with
        {
            Width = Log2(i.Op0Register.GetSize()), From = Log2(from), Src = Source(i, 1, op, code64),
        };
    }

    private static HandlerKey Two(Family family, in Instruction i, Op* op, bool code64) => Key(family) with
    {
        Width = Log2(Size(i, 0)), Dst = Destination(i, op, code64), Src = Source(i, 1, op, code64),
    };

    private static HandlerKey Exchange(Family family, in Instruction i, Op* op, bool code64)
    {
        // XCHG may name the memory operand second
        if (i.Op1Kind == OpKind.Memory)
        {
            op->Src = Offset(i.Op0Register);
            return Key(family) with { Width = Log2(Size(i, 0)), Dst = Memory(i, op, code64) };
        }
        op->Src = Offset(i.Op1Register);
        return Key(family) with { Width = Log2(Size(i, 0)), Dst = Destination(i, op, code64) };
    }

    private static HandlerKey BindBranch(in Instruction i, Op* op, bool code64)
    {
        bool near = i.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64;
        if (near)
            op->Target = i.NearBranchTarget;
        if (near && i.IsJccShortOrNear)
            return Key(Family.JumpIf) with { Condition = Condition(i) };
        if (near && i.Mnemonic == Mnemonic.Jmp)
            return Key(Family.JumpDirect);
        if (!code64)
            return System();
        bool wide = i.OpCount > 0 && Size(i, 0) == 8;
        switch (i.Mnemonic)
        {
            case Mnemonic.Call when near:
                op->Segment = StackSegment;
                return Key(Family.CallDirect);
            case Mnemonic.Call when wide && !i.IsCallFarIndirect:
                return Key(Family.CallIndirect) with { Src = Source(i, 0, op, code64) };
            case Mnemonic.Jmp when wide && !i.IsJmpFarIndirect:
                return Key(Family.JumpIndirect) with { Src = Source(i, 0, op, code64) };
            case Mnemonic.Ret when i.Code is Code.Retnq or Code.Retnq_imm16:
                op->Segment = StackSegment;
                op->Imm = i.OpCount > 0 ? i.GetImmediate(0) : 0;
                return Key(Family.Return);
            case Mnemonic.Push when i.StackPointerIncrement == -8 && !i.Op0Register.IsSegmentRegister():
                Place from = Source(i, 0, op, code64);
                if (from is Place.Register or Place.Immediate)
                    op->Segment = StackSegment;
                return Key(Family.Push) with { Src = from };
            case Mnemonic.Pop when i.StackPointerIncrement == 8 && i.Op0Kind == OpKind.Register
                    && !i.Op0Register.IsSegmentRegister():
                op->Segment = StackSegment;
                op->Dst = Offset(i.Op0Register);
                return Key(Family.Pop);
            case Mnemonic.Leave when i.Code == Code.Leaveq:
                op->Segment = StackSegment;
                return Key(Family.LeaveFrame);
        }
        return System();
    }

    private const byte StackSegment = 2;

    private static HandlerKey BindRow(in Instruction i, Op* op, bool code64, in InstructionRow row)
    {
        byte operation = row.Operation;
        switch (row.Shape)
        {
            case Shape.Implicit:
                return Key(Family.Implicit) with { Operation = operation };
            case Shape.Loop when i.Code.ToString().EndsWith("rel8_64", StringComparison.Ordinal) && AddressIs64(i):
                op->Target = i.NearBranchTarget;
                return Key(Family.LoopJump) with { Operation = operation };
            case Shape.Loop:
                return System();
            case Shape.Unary:
                return Key(Family.Unary) with
                {
                    Operation = operation, Width = Log2(Size(i, 0)), Dst = Destination(i, op, code64),
                };
            case Shape.Accumulate:
                return Accumulate(i, op, code64, operation);
            case Shape.Multiply when i.OpCount == 1:
                return Accumulate(i, op, code64, InstructionTable.ImulWide);
            case Shape.Multiply when i.OpCount == 3:
            case Shape.Immediate:
                op->Dst = Offset(i.Op0Register);
                op->Imm = i.GetImmediate(2);
                return Key(Family.AluImmediate) with
                {
                    Operation = operation, Width = Log2(Size(i, 0)), Src = Source(i, 1, op, code64),
                };
            case Shape.RegisterThenSource:
                return ThreeOperand(Family.ThreeOperand, i, op, code64, operation, register: 1, source: 2);
            case Shape.SourceThenRegister:
                return ThreeOperand(Family.ThreeOperand, i, op, code64, operation, register: 2, source: 1);
            case Shape.MultiplyExtended:
                return ThreeOperand(Family.MultiplyExtended, i, op, code64, operation, register: 1, source: 2);
            case Shape.DoubleShift:
                op->Src = Offset(i.Op1Register);
                return Key(Family.DoubleShift) with
                {
                    Operation = operation, Width = Log2(Size(i, 0)), Dst = Destination(i, op, code64),
                    Src = Count(i, 2, op),
                };
            case Shape.BitTest or Shape.BitUpdate when i.Op0Kind == OpKind.Memory && i.Op1Kind == OpKind.Register:
                return System();
            case Shape.ReadOnly or Shape.BitTest:
                return Regular(Family.Compare, i, op, code64, operation);
            default:
                return Regular(Family.Alu, i, op, code64, operation);
        }
    }

    private static bool AddressIs64(in Instruction i) =>
        i.Code is Code.Loop_rel8_64_RCX or Code.Loope_rel8_64_RCX or Code.Loopne_rel8_64_RCX or Code.Jrcxz_rel8_64;

    private static HandlerKey Accumulate(in Instruction i, Op* op, bool code64, byte operation) =>
        Key(Family.Accumulate) with { Operation = operation, Width = Log2(Size(i, 0)), Src = Source(i, 0, op, code64) };

    private static HandlerKey ThreeOperand(
        Family family, in Instruction i, Op* op, bool code64, byte operation, int register, int source)
    {
        op->Dst = Offset(i.Op0Register);
        op->Imm = Offset(i.GetOpRegister(register));
        return Key(family) with { Operation = operation, Width = Log2(Size(i, 0)), Src = Source(i, source, op, code64) };
    }

    private static HandlerKey Regular(Family family, in Instruction i, Op* op, bool code64, byte operation)
    {
        HandlerKey key = Key(family) with
        {
            Operation = operation, Width = Log2(Size(i, 0)), Dst = Destination(i, op, code64),
        };
        bool byCl = i.Op1Kind == OpKind.Register && i.Op1Register == Register.CL && Size(i, 0) != 1;
        bool shift = i.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Sal or Mnemonic.Rol
            or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr;
        return key with { Src = byCl || shift ? Count(i, 1, op) : Source(i, 1, op, code64) };
    }

    /// <summary>A shift count: CL or an immediate.</summary>
    private static Place Count(in Instruction i, int n, Op* op)
    {
        if (i.GetOpKind(n) == OpKind.Register)
            return Place.Cl;
        op->Imm = i.GetImmediate(n);
        return Place.Immediate;
    }

    private static Place Destination(in Instruction i, Op* op, bool code64)
    {
        if (i.Op0Kind != OpKind.Register)
            return Memory(i, op, code64);
        op->Dst = Offset(i.Op0Register);
        return Place.Register;
    }

    private static Place Source(in Instruction i, int n, Op* op, bool code64)
    {
        switch (i.GetOpKind(n))
        {
            case OpKind.Register:
                op->Src = Offset(i.GetOpRegister(n));
                return Place.Register;
            case OpKind.Memory:
                return Memory(i, op, code64);
            default:
                op->Imm = i.GetImmediate(n);
                return Place.Immediate;
        }
    }

    internal static Place Memory(in Instruction i, Op* op, bool code64)
    {
        op->Segment = (byte)Core.SegmentIndex(i.MemorySegment);
        op->Disp = i.MemoryDisplacement64;
        bool relative = i.IsIPRelativeMemoryOperand;
        if (!relative && i.MemoryBase != Register.None)
            op->Base = Offset(i.MemoryBase);
        if (i.MemoryIndex != Register.None)
            op->Index = Offset(i.MemoryIndex);
        op->Shift = Log2(i.MemoryIndexScale);
        int bits = AddressBits(i, code64);
        op->Mode |= (bits switch { 64 => 0u, 32 => 1u, _ => 2u }) << OpMode.AddressSizeShift;
        op->Mode |= (uint)Math.Max(1, i.MemorySize.GetSize()) << OpMode.BytesShift;
        if (!code64 || bits != 64 || op->Segment >= 4)
            return Place.AnyAddress;
        return i.MemoryIndex == Register.None ? Place.BaseDisp : Place.BaseIndexDisp;
    }

    private static int AddressBits(in Instruction i, bool code64)
    {
        Register named = i.MemoryBase != Register.None ? i.MemoryBase : i.MemoryIndex;
        if (named == Register.RIP)
            return 64;
        if (named == Register.EIP)
            return 32;
        if (named != Register.None)
            return named.GetSize() * 8;
        return i.MemoryDisplSize switch { 2 => 16, 4 => code64 ? 64 : 32, 8 => 64, _ => code64 ? 64 : 32 };
    }

    private static int Size(in Instruction i, int n) => i.GetOpKind(n) switch
    {
        OpKind.Register => i.GetOpRegister(n).GetSize(),
        OpKind.Memory => i.MemorySize.GetSize(),
        _ => 8,
    };

    private static bool IsGeneral(in Instruction i, int n) =>
        i.GetOpKind(n) != OpKind.Register || i.GetOpRegister(n).IsGPR();

    private static byte Condition(in Instruction i) => i.ConditionCode switch
    {
        ConditionCode.o => 0, ConditionCode.no => 1, ConditionCode.b => 2, ConditionCode.ae => 3,
        ConditionCode.e => 4, ConditionCode.ne => 5, ConditionCode.be => 6, ConditionCode.a => 7,
        ConditionCode.s => 8, ConditionCode.ns => 9, ConditionCode.p => 10, ConditionCode.np => 11,
        ConditionCode.l => 12, ConditionCode.ge => 13, ConditionCode.le => 14, _ => 15,
    };

    private static byte Log2(int value) => (byte)global::System.Numerics.BitOperations.Log2((uint)value);

    private static byte Offset(Register register)
    {
        int number = register.GetFullRegister() - Register.RAX;
        return (byte)((number * 8) + (Core.IsHighByte(register) ? 1 : 0));
    }
}
