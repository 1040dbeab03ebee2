using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Reads one instruction in Intel syntax.</summary>
internal sealed class AssemblyParser
{
    private const int MaxOperands = 8;
    private readonly Lexer lexer;
    private readonly List<AssemblyOperand> operands = [];
    private InstructionMarks marks;
    private Register opMask, segment;
    private RoundingControl rounding;

    private AssemblyParser(string text) => lexer = new Lexer(text);

    /// <summary>Parses a line without label and comment.</summary>
    /// <exception cref="AssemblyException">It cannot be read.</exception>
    public static AssemblyLine Parse(string text) => new AssemblyParser(text).Run();

    private AssemblyLine Run()
    {
        TakePrefixes();
        string mnemonic = lexer.Take().ToLowerInvariant();
        if (mnemonic is "ret" && lexer.TryTake("far"))
            mnemonic = "retf";
        if (mnemonic.Length == 0)
            throw new AssemblyException("expected an instruction");
        if (!lexer.IsAtEnd)
            TakeOperands();
        DropStackTop(mnemonic);
        // IMUL of a register with a number: the register is both source and destination.
        if (mnemonic == "imul" && operands is [{ Form: OperandForm.Register } both, { Form: OperandForm.Number }])
            operands.Insert(1, both);
        return new AssemblyLine(mnemonic, operands)
        {
            Marks = marks, OpMask = opMask, Rounding = rounding, Segment = segment,
        };
    }

    /// <summary>
    /// <c>fcom st,dword ptr [rax]</c> and <c>fst dword ptr [rax],st</c>: the stack top goes without saying.
    /// </summary>
    private void DropStackTop(string mnemonic)
    {
        if (operands.Count != 2 || mnemonic[0] != 'f'
            || MnemonicTable.Find(mnemonic).Any(form => form.Info.OpCount == 2 && !HasMemory()))
            return;
        int top = operands.FindIndex(operand => operand.Register == Register.ST0 && !operand.IsNumbered);
        if (top >= 0)
            operands.RemoveAt(top);
    }

    private bool HasMemory() => operands.Exists(operand => operand.Form == OperandForm.Memory);

    private void TakePrefixes()
    {
        while (PrefixOf(lexer.Peek) is { } prefix)
        {
            lexer.Take();
            marks |= prefix;
        }
        while (lexer.PeekNext == "-" && lexer.TryTake("hint"))
        {
            lexer.Take();
            bool not = lexer.TryTake("not");
            if (not)
                lexer.Expect("-");
            lexer.Expect("taken");
            marks |= not ? InstructionMarks.HintNotTaken : InstructionMarks.HintTaken;
            TakePrefixes();
        }
        if (lexer.PeekNext != ":" && RegisterNames.Find(lexer.Peek) is >= Register.ES and <= Register.GS and var found)
        {
            lexer.Take();
            segment = found;
            TakePrefixes();
        }
    }

    private static InstructionMarks? PrefixOf(string word) => word.ToLowerInvariant() switch
    {
        "lock" => InstructionMarks.Lock,
        "rep" or "repe" or "repz" => InstructionMarks.Rep,
        "repne" or "repnz" => InstructionMarks.Repne,
        "xacquire" => InstructionMarks.Xacquire,
        "xrelease" => InstructionMarks.Xrelease,
        "bnd" => InstructionMarks.Bnd,
        "notrack" => InstructionMarks.Notrack,
        "data16" => InstructionMarks.Data16,
        "data64" => InstructionMarks.Data64,
        "addr32" => InstructionMarks.Addr32,
        _ => null,
    };

    private void TakeOperands()
    {
        do
        {
            if (operands.Count == MaxOperands)
                throw new AssemblyException($"no instruction has more than {MaxOperands} operands");
            if (lexer.Peek != "{")
                operands.Add(TakeOperand());
            TakeDecorators();
        }
        while (lexer.TryTake(","));
        if (!lexer.IsAtEnd)
            throw new AssemblyException($"expected \",\" or the end of the line {lexer.Before()}");
    }

    private AssemblyOperand TakeOperand()
    {
        BranchReach reach = lexer.TryTake("short") ? BranchReach.Short : BranchReach.Any;
        bool far = lexer.TryTake("far");
        if (lexer.TryTake("near"))
            reach = BranchReach.Near;
        int bytes = TakeSize(out bool broadcast);
        if (lexer.Peek == "[" || lexer.PeekNext == ":")
            return TakeMemory(bytes) with { IsFar = far, IsBroadcast = broadcast };
        if (RegisterNames.Find(lexer.Peek) is not Register.None and var register)
        {
            bool numbered = lexer.PeekNext == "(";
            return new AssemblyOperand(OperandForm.Register)
            {
                Register = TakeRegister(register), IsFar = far, IsNumbered = numbered,
            };
        }
        if (bytes > 1 && !NumberText.LooksLikeOne(lexer.Peek))
            throw new AssemblyException($"expected \"[\" {lexer.Before()}");
        (string? label, ulong value, bool negative) = TakeSum();
        return new AssemblyOperand(OperandForm.Number)
        {
            Label = label, Value = value, IsNegative = negative, IsFar = far, Reach = reach,
        };
    }

    /// <summary><c>st(1)</c>; and <c>zmm4+3</c>, the first of a group of registers.</summary>
    private Register TakeRegister(Register register)
    {
        lexer.Take();
        if (register == Register.ST0 && lexer.TryTake("("))
        {
            if (!NumberText.TryRead(lexer.Take(), out ulong number) || number > 7)
                throw new AssemblyException("st: expected 0..7 in parentheses");
            lexer.Expect(")");
            return Register.ST0 + (int)number;
        }
        if (lexer.Peek == "+" && lexer.PeekNext is "1" or "3")
        {
            lexer.Take();
            lexer.Take();
        }
        return register;
    }

    private int TakeSize(out bool broadcast)
    {
        broadcast = false;
        int bytes = SizeNames.Find(lexer.Peek);
        if (bytes == 0)
            return 0;
        lexer.Take();
        broadcast = lexer.TryTake("bcst");
        lexer.TryTake("ptr");
        return bytes;
    }

    private AssemblyOperand TakeMemory(int bytes)
    {
        Register over = Register.None;
        if (lexer.PeekNext == ":")
        {
            over = RegisterNames.Find(lexer.Peek);
            if (over is < Register.ES or > Register.GS)
                throw new AssemblyException($"\"{Lexer.Short(lexer.Peek)}\" is no segment register");
            lexer.Take();
            lexer.Take();
        }
        if (lexer.Peek != "[" && NumberText.LooksLikeOne(lexer.Peek))
        {
            (_, ulong address, _) = TakeSum();
            return new AssemblyOperand(OperandForm.Memory) { Bytes = bytes, Segment = over, Value = address };
        }
        lexer.Expect("[");
        AssemblyOperand memory = new AddressParser(lexer).Take();
        lexer.Expect("]");
        return memory with { Bytes = bytes, Segment = over == Register.None ? memory.Segment : over };
    }

    private (string? Label, ulong Value, bool Negative) TakeSum()
    {
        string? label = null;
        ulong value = 0;
        bool negative = false, any = false;
        while (!any || lexer.Peek is "+" or "-")
        {
            bool minus = lexer.TryTake("-");
            if (!minus)
                lexer.TryTake("+");
            string word = lexer.Take();
            if (NumberText.LooksLikeOne(word))
            {
                if (!NumberText.TryRead(word, out ulong number))
                    throw new AssemblyException($"\"{Lexer.Short(word)}\" is no 64-bit number");
                value = minus ? value - number : value + number;
                negative = !any && minus && number != 0;
            }
            else if (label is null && !minus && IsName(word))
                label = word;
            else
                throw new AssemblyException(
                    word.Length == 0 ? "expected an operand at the end of the line"
                    : $"\"{Lexer.Short(word)}\": expected a register, a number, a label or memory");
            any = true;
        }
        return (label, value, negative);
    }

    /// <summary>Whether a word can be a label.</summary>
    public static bool IsName(string word) => word.Length > 0
        && (char.IsAsciiLetter(word[0]) || word[0] is '_' or '.' or '$' or '@');

    private void TakeDecorators()
    {
        while (lexer.TryTake("{"))
        {
            string name = lexer.Take().ToLowerInvariant();
            if (lexer.TryTake("-"))
                name += "-" + lexer.Take().ToLowerInvariant();
            lexer.Expect("}");
            Decorate(name);
        }
    }

    private void Decorate(string name)
    {
        switch (name)
        {
            case "z":      marks |= InstructionMarks.Zeroing; break;
            case "sae":    marks |= InstructionMarks.SuppressAll; break;
            case "rn-sae" or "rne-sae": rounding = RoundingControl.RoundToNearest; break;
            case "rd-sae": rounding = RoundingControl.RoundDown; break;
            case "ru-sae": rounding = RoundingControl.RoundUp; break;
            case "rz-sae": rounding = RoundingControl.RoundTowardZero; break;
            case "1to2" or "1to4" or "1to8" or "1to16" or "1to32":
                Broadcast(int.Parse(name.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                if (RegisterNames.Find(name) is not (>= Register.K0 and <= Register.K7 and var mask))
                    throw new AssemblyException(
                        $"{{{Lexer.Short(name)}}}: "
                        + "expected {k1}..{k7}, {z}, {sae}, {rn-sae} and its like, or {1to8}");
                opMask = mask;
                break;
        }
    }

    private void Broadcast(int elements)
    {
        if (operands is not [.., { Form: OperandForm.Memory } memory])
            throw new AssemblyException($"{{1to{elements}}} follows memory only");
        operands[^1] = memory with { IsBroadcast = true, BroadcastTo = elements };
    }
}
