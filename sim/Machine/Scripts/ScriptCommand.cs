namespace Seamsim.Scripts;

/// <summary>A number in a script: a constant, or a named allocation plus an offset.</summary>
/// <param name="Name">Name of an allocation, or null.</param>
/// <param name="Offset">The constant, or what is added to the allocation's address; wraps at 2^64.</param>
internal readonly record struct Operand(string? Name, ulong Offset)
{
    /// <summary>The number, given where the allocations are.</summary>
    public ulong In(IReadOnlyDictionary<string, ulong> allocations) =>
        (Name is null ? 0 : allocations[Name]) + Offset;
}

/// <summary>One line of a script.</summary>
/// <param name="Line">1-based line number.</param>
internal abstract record ScriptCommand(int Line);

/// <summary><c>{"alloc":"tdr","pages":1}</c>: fresh, zeroed pages inside a TDMR.</summary>
internal sealed record AllocCommand(int Line, string Name, int Pages) : ScriptCommand(Line);

/// <summary><c>{"write":"$buf","offset":24,"hex":"…"}</c>.</summary>
internal sealed record WriteCommand(int Line, Operand Address, byte[] Bytes) : ScriptCommand(Line);

/// <summary><c>{"read":"$buf","len":64}</c>.</summary>
internal sealed record ReadCommand(int Line, Operand Address, int Bytes) : ScriptCommand(Line);

/// <summary><c>{"lp":0,"leaf":"TDH.MNG.CREATE","rcx":"$tdr"}</c>; registers not named are zero.</summary>
internal sealed record CallCommand(int Line, int Lp, ulong Rax, IReadOnlyList<(int Register, Operand Value)> Registers)
    : ScriptCommand(Line);

/// <summary><c>{"expect":{"rax":"0x0"}}</c>: about the last call.</summary>
internal sealed record ExpectCommand(int Line, IReadOnlyList<(string Key, Operand Value, string Text)> Wanted)
    : ScriptCommand(Line);
