using System.Collections.Frozen;
using Iced.Intel;

namespace Seamsim.TextTraces.Assembling;

/// <summary>Every register Iced knows, by its manual's name.</summary>
internal static class RegisterNames
{
    private static readonly FrozenDictionary<string, Register> Names = Build();

    /// <summary>Finds a register; <see cref="Register.None"/> when there is none of that name.</summary>
    public static Register Find(string name) => Names.GetValueOrDefault(name);

    private static FrozenDictionary<string, Register> Build()
    {
        Dictionary<string, Register> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (Register register in Enum.GetValues<Register>())
            if (register != Register.None && !register.ToString().StartsWith("DontUse", StringComparison.Ordinal))
                names[register.ToString()] = register;
        names["st"] = Register.ST0;
        for (int i = 8; i < 16; i++)
            names[$"r{i}b"] = Register.R8L + (i - 8);
        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
