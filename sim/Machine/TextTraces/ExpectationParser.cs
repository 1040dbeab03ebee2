using Seamsim.Configuration;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Reads what stands behind <c>.expect</c>.</summary>
internal sealed class ExpectationParser(
    Lexer lexer, int line, Func<string, RegisterField> register, Func<Lexer, string, TextValue> value,
    Func<string, byte[]> bytes, Func<string, ConfigurationException> wrong)
{
    /// <summary>One expectation, or several registers.</summary>
    public IEnumerable<Expectation> Parse(string text)
    {
        if (lexer.IsAtEnd)
            throw wrong(".expect: expected rax=1, zf=0, mem ADDRESS bytes, #GP, int N, ve reason=N or exit reason=N");
        string shown = text[".expect".Length..].Trim();
        string word = lexer.Peek.ToLowerInvariant();
        if (lexer.PeekNext is not ("=" or "!" or "&"))
            switch (word)
            {
                case "mem":  return [Memory(shown)];
                case "int":  return [Interrupt(shown)];
                case "ve":   return [Ve(shown)];
                case "exit": return [Exit(shown)];
                case ['#', ..]: return [Exception(shown)];
            }
        return Registers();
    }

    private List<Expectation> Registers()
    {
        List<Expectation> all = [];
        while (!lexer.IsAtEnd)
        {
            string name = lexer.Take();
            RegisterField field = register(name);
            UInt128 mask = field.Mask;
            string text = name;
            if (lexer.TryTake("&"))
            {
                TextValue bits = value(lexer, name);
                if (bits.Name is not null)
                    throw wrong($"{name}&: expected a number");
                mask = bits.Number;
                text += $"&0x{mask:X}";
            }
            bool differs = lexer.TryTake("!");
            lexer.Expect("=");
            TextValue wanted = value(lexer, name);
            text += (differs ? "!=" : "=") + Show(wanted);
            all.Add(new RegisterExpectation(line, text, field, mask, wanted, differs));
        }
        return all;
    }

    private static string Show(TextValue wanted)
    {
        if (wanted.Name is null)
            return $"0x{wanted.Number:X}";
        return wanted.Number == 0 ? wanted.Name : $"{wanted.Name}+0x{wanted.Number:X}";
    }

    private MemoryExpectation Memory(string shown)
    {
        lexer.Take();
        TextValue address = value(lexer, "mem");
        return new MemoryExpectation(line, shown, address, bytes(".expect mem"));
    }

    private ExceptionExpectation Interrupt(string shown)
    {
        lexer.Take();
        return NumberText.TryRead(lexer.Take(), out ulong vector) && vector <= byte.MaxValue
            ? new ExceptionExpectation(line, shown, (byte)vector, null, null)
            : throw wrong(".expect int: expected a vector 0..255");
    }

    private ExceptionExpectation Exception(string shown)
    {
        string name = lexer.Take()[1..];
        if (!Enum.TryParse(name, ignoreCase: true, out Vector vector) || !Enum.IsDefined(vector)
            || char.IsAsciiDigit(name[0]))
            throw wrong($"#{Lexer.Short(name)}: expected an exception, one of "
                + $"#{string.Join(", #", Enum.GetNames<Vector>())}");
        if (vector == Vector.VE)
            throw wrong("#VE: write .expect ve reason=N");
        uint? code = null;
        if (lexer.TryTake("("))
        {
            if (!NumberText.TryRead(lexer.Take(), out ulong number) || number > uint.MaxValue)
                throw wrong($"#{name}: expected an error code in parentheses");
            code = (uint)number;
            lexer.Expect(")");
        }
        TextValue? address = null;
        if (lexer.TryTake("cr2"))
        {
            lexer.Expect("=");
            address = value(lexer, "cr2");
        }
        return new ExceptionExpectation(line, shown, (byte)vector, code, address);
    }

    private VeExpectation Ve(string shown)
    {
        lexer.Take();
        List<(VeField, TextValue)> fields = [];
        while (!lexer.IsAtEnd)
        {
            string name = lexer.Take();
            if (!Enum.TryParse(name, ignoreCase: true, out VeField field) || char.IsAsciiDigit(name[0]))
                throw wrong($".expect ve {Lexer.Short(name)}: expected reason, qualification, gla, gpa or length");
            lexer.Expect("=");
            fields.Add((field, field == VeField.Reason ? new TextValue(null, (ulong)Reason()) : value(lexer, name)));
        }
        return new VeExpectation(line, shown, fields);
    }

    private ExitExpectation Exit(string shown)
    {
        lexer.Take();
        if (!lexer.TryTake("reason"))
            throw wrong(".expect exit: expected reason=N");
        lexer.Expect("=");
        return new ExitExpectation(line, shown, Reason());
    }

    /// <summary>An exit reason by number, or by the manual's name without spaces.</summary>
    private ExitReason Reason()
    {
        string word = lexer.Take();
        if (NumberText.LooksLikeOne(word))
        {
            if (NumberText.TryRead(word, out ulong number) && number <= ushort.MaxValue
                && Enum.IsDefined((ExitReason)number))
                return (ExitReason)number;
        }
        else if (Enum.TryParse(word, ignoreCase: true, out ExitReason reason))
            return reason;
        throw wrong($"reason={Lexer.Short(word)}: expected a VM-exit reason by number or name, e.g. 10 or Cpuid");
    }
}
