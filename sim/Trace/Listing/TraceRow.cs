namespace Seamsim.Trace;

/// <summary>One line of a listing: an instruction or an event.</summary>
/// <param name="Lp">The logical processor.</param>
/// <param name="World">Where it executes.</param>
/// <param name="Instruction">Instructions of the trace before this one, or before the event.</param>
/// <param name="Cycles">The clock: of an instruction, at the beginning of its block.</param>
/// <param name="IsInstruction">Whether this is an instruction.</param>
/// <param name="Address">Linear address of an instruction.</param>
/// <param name="Symbol">The symbol its address lies in, or empty.</param>
/// <param name="Code">Instruction bytes.</param>
/// <param name="Text">Disassembly, or the event in words.</param>
/// <param name="Detail">Data accesses; empty when there are none.</param>
public sealed record TraceRow(
    int Lp,
    TraceWorld World,
    ulong Instruction,
    ulong Cycles,
    bool IsInstruction,
    ulong Address,
    string Symbol,
    ReadOnlyMemory<byte> Code,
    string Text,
    string Detail);
