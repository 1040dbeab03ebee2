using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Reads what stands between brackets: base, index and scale, displacement, label.</summary>
internal sealed class AddressParser(Lexer lexer)
{
    private Register basis, index;
    private int scale = 1;
    private ulong displacement;
    private string? label;
    private bool negative;

    /// <summary>Reads up to the closing bracket.</summary>
    public AssemblyOperand Take()
    {
        Register segment = Register.None;
        if (lexer.PeekNext == ":")
        {
            segment = RegisterNames.Find(lexer.Take());
            lexer.Take();
            if (segment is < Register.ES or > Register.GS)
                throw new AssemblyException("expected a segment register before \":\"");
        }
        bool relative = lexer.TryTake("rel");
        bool first = true;
        while (first || lexer.Peek is "+" or "-")
        {
            bool minus = lexer.TryTake("-");
            if (!minus)
                lexer.TryTake("+");
            TakeTerm(minus);
            first = false;
        }
        bool byLabel = label is not null && basis == Register.None && index == Register.None;
        return new AssemblyOperand(OperandForm.Memory)
        {
            Base = byLabel || relative ? Register.RIP : basis,
            IsRipOffset = basis is Register.RIP or Register.EIP && label is null,
            Index = index, Scale = scale, Value = displacement, IsNegative = negative, Label = label, Segment = segment,
        };
    }

    private void TakeTerm(bool minus)
    {
        string word = lexer.Take();
        if (RegisterNames.Find(word) is not Register.None and var register)
        {
            if (minus)
                throw new AssemblyException($"\"-{word}\": a register cannot be subtracted");
            AddRegister(register, lexer.TryTake("*") ? TakeScale() : 0);
        }
        else if (NumberText.LooksLikeOne(word))
            AddNumber(word, minus);
        else if (label is null && !minus && AssemblyParser.IsName(word))
            label = word;
        else
            throw new AssemblyException(
                word.Length == 0 ? "expected \"]\" at the end of the line"
                : $"\"{Lexer.Short(word)}\": expected a register, a number or a label inside the brackets");
    }

    private void AddNumber(string word, bool minus)
    {
        if (!NumberText.TryRead(word, out ulong number))
            throw new AssemblyException($"\"{Lexer.Short(word)}\" is no 64-bit number");
        if (lexer.TryTake("*"))
        {
            string name = lexer.Take();
            if (RegisterNames.Find(name) is Register.None || minus || number is not (1 or 2 or 4 or 8))
                throw new AssemblyException("expected scale*register with a scale of 1, 2, 4 or 8");
            AddRegister(RegisterNames.Find(name), (int)number);
            return;
        }
        displacement = minus ? displacement - number : displacement + number;
        negative = (long)displacement < 0 && minus;
    }

    private int TakeScale()
    {
        string word = lexer.Take();
        return NumberText.TryRead(word, out ulong number) && number is 1 or 2 or 4 or 8
            ? (int)number
            : throw new AssemblyException($"\"{Lexer.Short(word)}\": expected a scale of 1, 2, 4 or 8");
    }

    private void AddRegister(Register register, int factor)
    {
        bool vector = register.IsVectorRegister();
        if (!vector && !register.IsGPR32() && !register.IsGPR64() && register is not (Register.RIP or Register.EIP))
            throw new AssemblyException($"{register.ToString().ToLowerInvariant()} cannot be part of an address");
        if (factor == 0 && !vector && basis == Register.None)
        {
            basis = register;
            return;
        }
        if (index != Register.None)
            throw new AssemblyException("an address has at most a base, an index and a displacement");
        // [rax+rsp] means rsp as the base: it cannot be an index.
        if (factor is 0 or 1 && register is Register.RSP or Register.ESP && basis is not (Register.RSP or Register.ESP))
            (basis, register) = (register, basis);
        (index, scale) = (register, Math.Max(factor, 1));
    }
}
