using Iced.Intel;
using Seamsim.Isa.Semantics.Simd;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>Whether a memory operand has to be aligned to its size. SDM vol. 2A, 2.4, tables 2-18 to 2-24.</summary>
internal enum Alignment : byte
{
    /// <summary>16-byte operands of the legacy encoding.</summary>
    Legacy,

    /// <summary>In no encoding: MOVUPS and its kin.</summary>
    Never,

    /// <summary>In every encoding: MOVAPS and its kin.</summary>
    Always,
}

/// <summary>Where the result of a masked operation takes inactive elements from.</summary>
internal enum Merging : byte
{
    /// <summary>The old destination.</summary>
    Destination,

    /// <summary>The first source: VPBLENDM.</summary>
    Source,

    /// <summary>
    /// The operation takes the mask itself, from <see cref="State.LogicalProcessor.Scratch"/>, and whether inactive
    /// elements become zero from <see cref="State.LogicalProcessor.Scratch2"/>: VPCOMPRESS.
    /// </summary>
    Own,
}

/// <summary>A vector instruction whose operands are too irregular for the frame; false: a fault is recorded.</summary>
internal delegate bool SpecialVector(State.Core core, in Instruction instruction);

/// <summary>Tells apart the forms of a mnemonic.</summary>
internal delegate bool RowFilter(in Instruction instruction);

/// <summary>A row of the vector table: an operation and the instructions that are it.</summary>
/// <param name="Operation">
/// A struct that implements <see cref="Semantics.Simd.IVectorOperation"/>, one of the simpler interfaces beside it, or
/// <see cref="Semantics.Simd.IWholeOperation"/>; null for a special one.
/// </param>
/// <param name="Mnemonics">The instructions: legacy, VEX and EVEX forms of the same operation.</param>
internal sealed record VectorRow(Type? Operation, params Mnemonic[] Mnemonics)
{
    /// <summary>Alignment of the memory operand.</summary>
    public Alignment Alignment { get; init; }

    /// <summary>Bytes of a destination element, for masks; 0: as wide as the memory operand's.</summary>
    public int Element { get; init; }

    /// <summary>
    /// Bytes of a source element where the result's are narrower and fill only a part of the destination; 0: they fill it.
    /// </summary>
    public int SourceElement { get; init; }

    /// <summary>There is no destination: the operation writes flags, or registers, itself.</summary>
    public bool HasNoResult { get; init; }

    /// <summary>One element is computed, the rest of the XMM register comes from the first source.</summary>
    public bool IsScalar { get; init; }

    /// <summary>Where inactive elements come from.</summary>
    public Merging Merging { get; init; }

    /// <summary>Executes the instruction itself.</summary>
    public SpecialVector? Special { get; init; }

    /// <summary>
    /// Elements of the result come from several elements of the memory operand: all of it is read whatever the mask says
    /// (exception classes with NF in SDM vol. 2A, 2.8).
    /// </summary>
    public bool IsMixing { get; init; }

    /// <summary>Which forms the row is for, when others of the same name are in other rows; null: all.</summary>
    public RowFilter? Only { get; init; }

    /// <summary>The operation, for instructions that are executed out of line; made when it is first needed.</summary>
    public VectorOperation Runner => runner.Value;

    private readonly Lazy<VectorOperation> runner = new(() => VectorOperation.Of(Operation!));
}
