using Iced.Intel;
using Kind = Iced.Intel.OpCodeOperandKind;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Fits the operands of a line to one form of an instruction.</summary>
internal readonly struct InstructionBuilder(AssemblyLine line, InstructionForm form, Func<string, ulong> labels)
{
    /// <summary>The instruction, or null when the operands do not fit the form.</summary>
    /// <param name="rip">Address of the instruction.</param>
    /// <param name="length">Its length, as far as known: what a RIP-relative displacement starts from.</param>
    public Instruction? Build(ulong rip, int length)
    {
        Instruction instruction = default;
        instruction.Code = form.Code;
        OpCodeInfo info = form.Info;
        if (form.NeedsOperands && line.Operands.Count == 0)
            return null;
        if (IsPrinted(form.Printed))
            return TryMark(ref instruction) ? instruction : null;
        if (MaskOperand() is >= 0 and var mask)
            return new InstructionBuilder(WithMask(mask), form, labels).Build(rip, length);
        int written = 0;
        for (int i = 0; i < info.OpCount; i++)
        {
            Kind kind = info.GetOpKind(i);
            if (IsLeftOut(kind, i, written))
            {
                if (!TrySetImplied(ref instruction, i, kind))
                    return null;
                continue;
            }
            if (written == line.Operands.Count
                || !TrySet(ref instruction, i, kind, line.Operands[written++], rip, length))
                return null;
        }
        return written == line.Operands.Count && TryMark(ref instruction) ? instruction : null;
    }

    /// <summary>
    /// Gathers and scatters may be written with their mask as an operand of its own; −1: this one is not.
    /// </summary>
    private int MaskOperand()
    {
        if (!form.Info.RequireOpMaskRegister || line.OpMask != Register.None
            || line.Operands.Count != form.Info.OpCount + 1)
            return -1;
        for (int i = 0; i < line.Operands.Count; i++)
            if (line.Operands[i].Register.IsK())
                return i;
        return -1;
    }

    private AssemblyLine WithMask(int operand) => line with
    {
        OpMask = line.Operands[operand].Register,
        Operands = [.. line.Operands.Where((_, i) => i != operand)],
    };

    /// <summary>Whether exactly the registers are written that the instruction uses without encoding them.</summary>
    private bool IsPrinted(Register[] registers)
    {
        if (registers.Length == 0 || line.Operands.Count != registers.Length)
            return false;
        for (int i = 0; i < registers.Length; i++)
            if (line.Operands[i].Form != OperandForm.Register || line.Operands[i].Register != registers[i])
                return false;
        return true;
    }

    /// <summary>
    /// Operands that may be left out: all of a string instruction and its like, the comparison a name stands for,
    /// ST(0).
    /// </summary>
    private bool IsLeftOut(Kind kind, int operand, int written)
    {
        OpCodeInfo info = form.Info;
        if (form.Immediate >= 0 && operand == info.OpCount - 1)
            return true;
        if (line.Operands.Count >= info.OpCount)
            return false;
        if (OperandRules.IsImpliedMemory(kind))
            return written >= line.Operands.Count || line.Operands[written].Form != OperandForm.Memory;
        if (kind == Kind.sti_opcode)
            return line.Operands.Count == 0;
        bool fixedRegister = OperandRules.Fixed(kind) != Register.None;
        return fixedRegister && line.Operands.Count < info.OpCount
            && (line.Operands.Count == 0 || !FitsNext(kind, written));
    }

    private bool FitsNext(Kind kind, int written) => written < line.Operands.Count
        && line.Operands[written] is { Form: OperandForm.Register } operand
            && OperandRules.Takes(kind, operand.Register);

    private bool TrySetImplied(ref Instruction instruction, int operand, Kind kind)
    {
        if (form.Immediate >= 0 && operand == form.Info.OpCount - 1)
        {
            instruction.SetOpKind(operand, OpKind.Immediate8);
            instruction.Immediate8 = (byte)form.Immediate;
            return true;
        }
        if (OperandRules.IsImpliedMemory(kind))
        {
            SetImpliedMemory(ref instruction, operand, kind, wide: (line.Marks & InstructionMarks.Addr32) == 0);
            instruction.SegmentPrefix = line.Segment;
            return true;
        }
        instruction.SetOpKind(operand, OpKind.Register);
        instruction.SetOpRegister(operand, kind == Kind.sti_opcode ? Register.ST1 : OperandRules.Fixed(kind));
        return true;
    }

    private static void SetImpliedMemory(ref Instruction instruction, int operand, Kind kind, bool wide)
    {
        if (kind == Kind.seg_rBX_al)
        {
            instruction.SetOpKind(operand, OpKind.Memory);
            instruction.MemoryBase = wide ? Register.RBX : Register.EBX;
            instruction.MemoryIndex = Register.AL;
            instruction.MemoryIndexScale = 1;
            return;
        }
        instruction.SetOpKind(operand, kind switch
        {
            Kind.seg_rSI => wide ? OpKind.MemorySegRSI : OpKind.MemorySegESI,
            Kind.es_rDI => wide ? OpKind.MemoryESRDI : OpKind.MemoryESEDI,
            _ => wide ? OpKind.MemorySegRDI : OpKind.MemorySegEDI,
        });
    }

    private bool TrySet(
        ref Instruction instruction, int operand, Kind kind, AssemblyOperand text, ulong rip, int length)
    {
        switch (text.Form)
        {
            case OperandForm.Register:
                Register register = IsSelectorSource(kind) && text.Register.IsGPR16()
                    ? text.Register - Register.AX + Register.EAX
                    : text.Register;
                if (!OperandRules.Takes(kind, register))
                    return false;
                instruction.SetOpKind(operand, OpKind.Register);
                instruction.SetOpRegister(operand, register);
                return true;
            case OperandForm.Memory:
                return OperandRules.TakesMemory(kind) && FitsSize(text)
                    && (OperandRules.IsImpliedMemory(kind)
                        ? TryImpliedMemory(ref instruction, operand, kind, text)
                        : TryMemory(ref instruction, operand, kind, text, rip + (ulong)length));
            default:
                ulong value = text.Value + (text.Label is null ? 0 : labels(text.Label));
                return ImmediateRules.IsImmediate(kind)
                    ? ImmediateRules.TrySet(ref instruction, operand, kind, value, text.IsNegative)
                    : TryBranch(ref instruction, operand, kind, text, value);
        }
    }

    /// <summary>
    /// Where only 16 bits of a register are read the 32-bit form does without a prefix: <c>mov es,dx</c>.
    /// </summary>
    private bool IsSelectorSource(Kind kind) => kind == Kind.r32_or_mem && form.Code is Code.Mov_Sreg_r32m16
        or Code.Lldt_r32m16 or Code.Ltr_r32m16 or Code.Verr_r32m16 or Code.Verw_r32m16 or Code.Lmsw_r32m16;

    private static bool TryBranch(ref Instruction instruction, int operand, Kind kind, AssemblyOperand text,
        ulong target)
    {
        bool isShort = kind == Kind.br64_1;
        if (text.IsFar || text.Reach == (isShort ? BranchReach.Near : BranchReach.Short)
            || kind is not (Kind.br64_1 or Kind.br64_4 or Kind.xbegin_4))
            return false;
        instruction.SetOpKind(operand, OpKind.NearBranch64);
        instruction.NearBranch64 = target;
        return true;
    }

    private bool FitsSize(AssemblyOperand text)
    {
        OpCodeInfo info = form.Info;
        MemorySize size = text.IsBroadcast ? info.BroadcastMemorySize : info.MemorySize;
        if (text.IsBroadcast && (!info.CanBroadcast
            || text.BroadcastTo != 0 && text.BroadcastTo * size.GetSize() != info.MemorySize.GetSize()))
            return false;
        bool isFar = size is MemorySize.SegPtr16 or MemorySize.SegPtr32 or MemorySize.SegPtr64;
        if (text.IsFar && !isFar)
            return false;
        int bytes = size.GetSize();
        return text.Bytes == 0 || bytes == 0 || text.Bytes == bytes || size == MemorySize.Fword10 && text.Bytes == 6;
    }

    private bool TryImpliedMemory(ref Instruction instruction, int operand, Kind kind, AssemblyOperand text)
    {
        (Register wide, Register narrow) = kind switch
        {
            Kind.seg_rSI => (Register.RSI, Register.ESI),
            Kind.seg_rBX_al => (Register.RBX, Register.EBX),
            _ => (Register.RDI, Register.EDI),
        };
        bool alIndexed = kind == Kind.seg_rBX_al && text.Index == Register.AL;
        if (text.Base != wide && text.Base != narrow || text.Index != Register.None && !alIndexed || text.Value != 0
            || text.Label is not null)
            return false;
        Register segment = text.Segment == Register.None ? line.Segment : text.Segment;
        if (kind == Kind.es_rDI)
        {
            if (segment is not (Register.None or Register.ES))
                return false;
        }
        else if (segment != Register.DS)
            instruction.SegmentPrefix = segment;
        SetImpliedMemory(ref instruction, operand, kind, text.Base == wide);
        return true;
    }

    private bool TryMemory(ref Instruction instruction, int operand, Kind kind, AssemblyOperand text, ulong next)
    {
        Register lanes = OperandRules.VectorIndex(kind);
        if ((lanes == Register.None) == text.Index.IsVectorRegister())
            return false;
        if (lanes != Register.None && text.Index.GetBaseRegister() != lanes)
            return false;
        ulong value = text.Value + (text.Label is null ? 0 : labels(text.Label));
        if (text.IsRipOffset)
            value += next;
        bool absolute = text.Base == Register.None && text.Index == Register.None;
        if (kind == Kind.mem_offs && !absolute)
            return false;
        bool relative = text.Base is Register.RIP or Register.EIP;
        bool narrow = text.Base.IsGPR32() || text.Index.IsGPR32() || text.Base == Register.EIP
            || absolute && IsNarrowAbsolute(kind, value);
        if (narrow && (text.Base.IsGPR64() || text.Index.IsGPR64()))
            return false;
        if (!relative && kind != Kind.mem_offs && !FitsDisplacement(value, narrow))
            return false;
        instruction.SetOpKind(operand, OpKind.Memory);
        instruction.MemoryBase = text.Base;
        instruction.MemoryIndex = text.Index;
        instruction.MemoryIndexScale = text.Scale;
        instruction.MemoryDisplacement64 = text.Base == Register.EIP ? (uint)value : narrow ? (uint)value : value;
        instruction.MemoryDisplSize = absolute || relative ? (narrow ? 4 : 8) : value == 0 ? 0 : 1;
        instruction.IsBroadcast = text.IsBroadcast;
        instruction.SegmentPrefix = text.Segment;
        return true;
    }

    /// <summary>A number alone as an address: 32-bit addressing reaches what a signed displacement does not.</summary>
    private bool IsNarrowAbsolute(Kind kind, ulong value) => (line.Marks & InstructionMarks.Addr32) != 0
        || kind != Kind.mem_offs
            && (value is > int.MaxValue and <= uint.MaxValue || form.Info.Op0Kind == Kind.r32_reg_mem);

    private static bool FitsDisplacement(ulong value, bool narrow) =>
        (long)value == (int)value || narrow && value <= uint.MaxValue;

    private bool TryMark(ref Instruction instruction)
    {
        OpCodeInfo info = form.Info;
        InstructionMarks marks = line.Marks;
        if (line.Segment != Register.None && instruction.SegmentPrefix == Register.None)
            instruction.SegmentPrefix = line.Segment;
        instruction.HasLockPrefix = (marks & InstructionMarks.Lock) != 0;
        instruction.HasRepPrefix = (marks & InstructionMarks.Rep) != 0;
        instruction.HasRepnePrefix = (marks & (InstructionMarks.Repne | InstructionMarks.Bnd)) != 0;
        if ((marks & InstructionMarks.Xacquire) != 0)
            instruction.HasXacquirePrefix = true;
        if ((marks & InstructionMarks.Xrelease) != 0)
            instruction.HasXreleasePrefix = true;
        if ((marks & InstructionMarks.Notrack) != 0)
            instruction.SegmentPrefix = Register.DS;
        if ((marks & InstructionMarks.HintTaken) != 0)
            instruction.SegmentPrefix = Register.DS;
        if ((marks & InstructionMarks.HintNotTaken) != 0)
            instruction.SegmentPrefix = Register.CS;
        instruction.OpMask = line.OpMask;
        instruction.ZeroingMasking = (marks & InstructionMarks.Zeroing) != 0;
        instruction.SuppressAllExceptions = (marks & InstructionMarks.SuppressAll) != 0;
        instruction.RoundingControl = line.Rounding;
        bool repeats = instruction.IsStringInstruction || info.OpCount == 0;
        return (!instruction.HasLockPrefix || info.CanUseLockPrefix)
            && ((marks & InstructionMarks.Rep) == 0 || info.CanUseRepPrefix || repeats)
            && ((marks & InstructionMarks.Repne) == 0 || info.CanUseRepnePrefix || repeats)
            && ((marks & InstructionMarks.Data16) == 0 || info.OperandSize == 16)
            && ((marks & InstructionMarks.Data64) == 0 || info.OperandSize == 64)
            && ((marks & InstructionMarks.Addr32) == 0 || info.AddressSize is 0 or 32)
            && ((marks & InstructionMarks.Bnd) == 0 || info.CanUseBndPrefix)
            && ((marks & InstructionMarks.Notrack) == 0 || info.CanUseNotrackPrefix)
            && ((marks & InstructionMarks.Xacquire) == 0 || info.CanUseXacquirePrefix)
            && ((marks & InstructionMarks.Xrelease) == 0 || info.CanUseXreleasePrefix)
            && ((marks & (InstructionMarks.HintTaken | InstructionMarks.HintNotTaken)) == 0
                || info.CanUseHintTakenPrefix)
            && ((marks & InstructionMarks.Zeroing) == 0 || info.CanUseZeroingMasking)
            && (line.OpMask is Register.None or Register.K0 || info.CanUseOpMaskRegister)
            && ((marks & InstructionMarks.SuppressAll) == 0 || info.CanSuppressAllExceptions)
            && (line.Rounding == RoundingControl.None || info.CanUseRoundingControl);
    }
}
