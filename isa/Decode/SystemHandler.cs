using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Decode;

/// <summary>
/// An instruction too irregular or too rare for a specialised handler (system, VMX, SEAM instructions). It runs with
/// RIP naming itself; <see cref="Outcome.Next"/> lets the engine advance RIP by the instruction's length.
/// </summary>
internal delegate Outcome SystemHandler(Core core, in Instruction instruction);

/// <summary>A row of a system-instruction table.</summary>
internal readonly record struct SystemRow(Code Code, SystemHandler Handler);
