using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.TextTraces;

/// <summary>Something a text trace says must be so.</summary>
/// <param name="Line">1-based line.</param>
/// <param name="Text">As reports show it.</param>
internal abstract record Expectation(int Line, string Text);

/// <summary>About the state when control reaches a point.</summary>
internal abstract record StateExpectation(int Line, string Text) : Expectation(Line, Text);

/// <summary><c>rax=3</c>, <c>rax&amp;0xFF=3</c>, <c>rax!=0</c>.</summary>
internal sealed record RegisterExpectation(
    int Line, string Text, RegisterField Register, UInt128 Mask, TextValue Value, bool Differs)
    : StateExpectation(Line, Text);

/// <summary><c>mem ADDRESS bytes</c>.</summary>
internal sealed record MemoryExpectation(int Line, string Text, TextValue Address, byte[] Bytes)
    : StateExpectation(Line, Text);

/// <summary>About what happens while the instruction before it executes.</summary>
internal abstract record EventExpectation(int Line, string Text) : Expectation(Line, Text);

/// <summary><c>#GP(0)</c>, <c>#PF cr2=…</c>, <c>int 0x80</c>.</summary>
internal sealed record ExceptionExpectation(int Line, string Text, byte Number, uint? ErrorCode, TextValue? Cr2)
    : EventExpectation(Line, Text);

/// <summary><c>ve reason=10</c>.</summary>
internal sealed record VeExpectation(int Line, string Text, IReadOnlyList<(VeField Field, TextValue Value)> Fields)
    : EventExpectation(Line, Text);

/// <summary><c>exit reason=77</c>.</summary>
internal sealed record ExitExpectation(int Line, string Text, ExitReason Reason) : EventExpectation(Line, Text);

/// <summary>What TDG.VP.VEINFO.GET tells. TDX Module 1.5 ABI, "TDG.VP.VEINFO.GET Leaf".</summary>
internal enum VeField : byte
{
#pragma warning disable CS1591 // named as in the ABI
    Reason, Qualification, Gla, Gpa, Length,
#pragma warning restore CS1591
}

/// <summary>What one #VE told its handler.</summary>
internal readonly record struct VeInformation(ulong Reason, ulong Qualification, ulong Gla, ulong Gpa, uint Length)
{
    /// <summary>A field of it.</summary>
    public ulong this[VeField field] => field switch
    {
        VeField.Reason => Reason,
        VeField.Qualification => Qualification,
        VeField.Gla => Gla,
        VeField.Gpa => Gpa,
        _ => Length,
    };
}

/// <summary>An exception or interrupt that reached a handler.</summary>
internal readonly record struct CaughtException(byte Number, uint? ErrorCode, ulong Address)
{
    /// <summary>As <c>.expect</c> writes it.</summary>
    public override string ToString()
    {
        if (Number >= 32 || !Enum.IsDefined((Vector)Number))
            return $"int 0x{Number:X}";
        string code = ErrorCode is { } error ? $"(0x{error:X})" : "";
        return $"#{(Vector)Number}{code}" + ((Vector)Number == Vector.PF ? $" cr2=0x{Address:X}" : "");
    }
}
