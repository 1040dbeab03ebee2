using Iced.Intel;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Chooses where the memory operands of an instruction lie.</summary>
internal interface IMemoryPlacer
{
    /// <summary>A memory operand with a ModRM byte or an absolute address.</summary>
    void Place(ref Instruction instruction, int operand, OpCodeOperandKind kind);

    /// <summary>[rSI], [rDI] or [rBX+AL]: sets the kind of operand and the registers.</summary>
    void PlaceImplicit(ref Instruction instruction, int operand, OpCodeOperandKind kind);

    /// <summary>A register operand that holds an address.</summary>
    void PlaceRegister(Register register);

    /// <summary>The target of a near branch.</summary>
    ulong BranchTarget();

    /// <summary>An immediate.</summary>
    ulong Immediate();
}
