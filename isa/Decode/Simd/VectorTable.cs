using System.Collections.Frozen;
using Iced.Intel;
using Seamsim.Isa.Semantics.Simd;

namespace Seamsim.Isa.Decode.Simd;

// How to add vector instructions (floating point included):
// 1. Write the operation as a struct. Lane by lane: IVectorOperation (it gets the LP struct, and may set bits of
//    SimdRaised when RaisesExceptions is true: the frame then merges them into MXCSR and raises #XM where unmasked), or
//    IUnary, IBinary, ITernary, ISelect, which need neither. Across lanes or with operands of different sizes:
//    IWholeOperation, by pointer.
// 2. Add a row with the mnemonics to a list of rows that is named in Lists below.
// The frame does the rest: availability (#UD, #NM), operands in registers and memory with their alignment, legacy, VEX
// and EVEX destinations, general-register and opmask destinations, masks, broadcast, embedded rounding (MXCSR.RC holds
// it while the operation runs) and fault suppression. An inactive element of a masked operation that raises exceptions
// is computed from fours. Scalar operations are rows with IsScalar; their operand may be of 2, 4 or 8 bytes.

/// <summary>The index of the vector instructions: the operation of each mnemonic.</summary>
internal static class VectorTable
{
    private static readonly IReadOnlyList<VectorRow>[] Lists =
    [
        MoveRows.Rows, IntegerRows.Rows, ShiftRows.Rows, ShuffleRows.Rows, TransferRows.Rows, SpecialRows.Rows,
        CryptographyRows.Rows, OpmaskRows.Rows, Avx512Rows.Rows,
        .. FloatRows.Lists,
    ];

    private static readonly VectorRow[] Numbered = [.. Lists.SelectMany(list => list)];

    private static readonly Dictionary<VectorRow, ushort> Numbers =
        Numbered.Select((row, number) => (row, number)).ToDictionary(r => r.row, r => (ushort)r.number);

    private static readonly FrozenDictionary<Mnemonic, VectorRow[]> ByMnemonic = Numbered
        .SelectMany(row => row.Mnemonics.Select(mnemonic => (mnemonic, row)))
        .GroupBy(pair => pair.mnemonic, pair => pair.row)
        .ToFrozenDictionary(group => group.Key, group => group.OrderBy(row => row.Only is null).ToArray());

    /// <summary>The mnemonics that have rows.</summary>
    public static IEnumerable<Mnemonic> Mnemonics => ByMnemonic.Keys;

    /// <summary>The row of an instruction; null when there is none.</summary>
    public static VectorRow? Find(in Instruction instruction)
    {
        if (!ByMnemonic.TryGetValue(instruction.Mnemonic, out VectorRow[]? rows))
            return null;
        foreach (VectorRow row in rows)
            if (row.Only is null || row.Only(instruction))
                return row;
        return null;
    }

    /// <summary>The row with a number.</summary>
    public static VectorRow RowAt(int number) => Numbered[number];

    /// <summary>Position of a row, to name its operation in a handler's key.</summary>
    public static ushort NumberOf(VectorRow row) => Numbers[row];

    /// <summary>The operation of a row as a type argument of the handlers.</summary>
    public static Type OperationAt(int number) => VectorOperation.AsArgument(Numbered[number].Operation!);

    /// <summary>Whether an operation works as a whole, by pointer.</summary>
    public static bool IsWhole(Type operation) => operation.IsAssignableTo(typeof(IWholeOperation));
}
