using System.Collections.Frozen;
using Iced.Intel;
using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Semantics;

namespace Seamsim.Isa.Decode;

/// <summary>What an instruction does with its operands; with the operation it selects a generic handler.</summary>
internal enum Shape : byte
{
    /// <summary>dst = op(dst, src).</summary>
    ReadWrite,

    /// <summary>Flags of op(dst, src).</summary>
    ReadOnly,

    /// <summary>dst = op(dst).</summary>
    Unary,

    /// <summary>dst = op(dst, src), and src may be an immediate third operand.</summary>
    Multiply,

    /// <summary>dst = op(dst, src, count).</summary>
    DoubleShift,

    /// <summary>Accumulators = op(src).</summary>
    Accumulate,

    /// <summary>Implicit operands only.</summary>
    Implicit,

    /// <summary>Reads memory whose bit offset may reach beyond the operand: only register and immediate forms.</summary>
    BitTest,

    /// <summary>As <see cref="BitTest"/>, and writes.</summary>
    BitUpdate,

    /// <summary>LOOP and its kin.</summary>
    Loop,

    /// <summary>dst = op(src, register), where the register is the third operand.</summary>
    SourceThenRegister,

    /// <summary>dst = op(src, register), where the register is the second operand.</summary>
    RegisterThenSource,

    /// <summary>dst = op(src, immediate).</summary>
    Immediate,

    /// <summary>MULX.</summary>
    MultiplyExtended,
}

/// <summary>A row: how to bind an instruction with regular operands.</summary>
internal readonly record struct InstructionRow(Shape Shape, byte Operation);

/// <summary>
/// The index of the regular instructions: operation and operand shape by mnemonic. Moves, branches and the stack have
/// handlers of their own; everything irregular is in the system tables.
/// </summary>
internal static class InstructionTable
{
    private static readonly List<Type?> Operations = [null];

    private static readonly FrozenDictionary<Mnemonic, InstructionRow> Rows = new Dictionary<Mnemonic, InstructionRow>
    {
        [Mnemonic.Add]    = Row<Add>(Shape.ReadWrite),
        [Mnemonic.Adc]    = Row<Adc>(Shape.ReadWrite),
        [Mnemonic.Sub]    = Row<Sub>(Shape.ReadWrite),
        [Mnemonic.Sbb]    = Row<Sbb>(Shape.ReadWrite),
        [Mnemonic.And]    = Row<And>(Shape.ReadWrite),
        [Mnemonic.Or]     = Row<Or>(Shape.ReadWrite),
        [Mnemonic.Xor]    = Row<Xor>(Shape.ReadWrite),
        [Mnemonic.Cmp]    = Row<Cmp>(Shape.ReadOnly),
        [Mnemonic.Test]   = Row<Test>(Shape.ReadOnly),
        [Mnemonic.Inc]    = Row<Inc>(Shape.Unary),
        [Mnemonic.Dec]    = Row<Dec>(Shape.Unary),
        [Mnemonic.Neg]    = Row<Neg>(Shape.Unary),
        [Mnemonic.Not]    = Row<Not>(Shape.Unary),
        [Mnemonic.Bswap]  = Row<Bswap>(Shape.Unary),
        [Mnemonic.Shl]    = Row<Shl>(Shape.ReadWrite),
        [Mnemonic.Sal]    = Row<Shl>(Shape.ReadWrite),
        [Mnemonic.Shr]    = Row<Shr>(Shape.ReadWrite),
        [Mnemonic.Sar]    = Row<Sar>(Shape.ReadWrite),
        [Mnemonic.Rol]    = Row<Rol>(Shape.ReadWrite),
        [Mnemonic.Ror]    = Row<Ror>(Shape.ReadWrite),
        [Mnemonic.Rcl]    = Row<Rcl>(Shape.ReadWrite),
        [Mnemonic.Rcr]    = Row<Rcr>(Shape.ReadWrite),
        [Mnemonic.Shld]   = Row<Shld>(Shape.DoubleShift),
        [Mnemonic.Shrd]   = Row<Shrd>(Shape.DoubleShift),
        [Mnemonic.Imul]   = Row<Imul>(Shape.Multiply),
        [Mnemonic.Mul]    = Row<Mul>(Shape.Accumulate),
        [Mnemonic.Div]    = Row<Div>(Shape.Accumulate),
        [Mnemonic.Idiv]   = Row<Idiv>(Shape.Accumulate),
        [Mnemonic.Bt]     = Row<Bt>(Shape.BitTest),
        [Mnemonic.Bts]    = Row<Bts>(Shape.BitUpdate),
        [Mnemonic.Btr]    = Row<Btr>(Shape.BitUpdate),
        [Mnemonic.Btc]    = Row<Btc>(Shape.BitUpdate),
        [Mnemonic.Bsf]    = Row<Bsf>(Shape.ReadWrite),
        [Mnemonic.Bsr]    = Row<Bsr>(Shape.ReadWrite),
        [Mnemonic.Tzcnt]  = Row<Tzcnt>(Shape.ReadWrite),
        [Mnemonic.Lzcnt]  = Row<Lzcnt>(Shape.ReadWrite),
        [Mnemonic.Popcnt] = Row<Popcnt>(Shape.ReadWrite),
        [Mnemonic.Andn]   = Row<Andn>(Shape.RegisterThenSource),
        [Mnemonic.Pdep]   = Row<Pdep>(Shape.RegisterThenSource),
        [Mnemonic.Pext]   = Row<Pext>(Shape.RegisterThenSource),
        [Mnemonic.Bextr]  = Row<Bextr>(Shape.SourceThenRegister),
        [Mnemonic.Bzhi]   = Row<Bzhi>(Shape.SourceThenRegister),
        [Mnemonic.Sarx]   = Row<Sarx>(Shape.SourceThenRegister),
        [Mnemonic.Shlx]   = Row<Shlx>(Shape.SourceThenRegister),
        [Mnemonic.Shrx]   = Row<Shrx>(Shape.SourceThenRegister),
        [Mnemonic.Rorx]   = Row<Rorx>(Shape.Immediate),
        [Mnemonic.Mulx]   = new InstructionRow(Shape.MultiplyExtended, 0),
        [Mnemonic.Blsi]   = Row<Blsi>(Shape.ReadWrite),
        [Mnemonic.Blsmsk] = Row<Blsmsk>(Shape.ReadWrite),
        [Mnemonic.Blsr]   = Row<Blsr>(Shape.ReadWrite),
        [Mnemonic.Adcx]   = Row<Adcx>(Shape.ReadWrite),
        [Mnemonic.Adox]   = Row<Adox>(Shape.ReadWrite),
        [Mnemonic.Cbw]    = Row<Cbw>(Shape.Implicit),
        [Mnemonic.Cwde]   = Row<Cwde>(Shape.Implicit),
        [Mnemonic.Cdqe]   = Row<Cdqe>(Shape.Implicit),
        [Mnemonic.Cwd]    = Row<Cwd>(Shape.Implicit),
        [Mnemonic.Cdq]    = Row<Cdq>(Shape.Implicit),
        [Mnemonic.Cqo]    = Row<Cqo>(Shape.Implicit),
        [Mnemonic.Clc]    = Row<Clc>(Shape.Implicit),
        [Mnemonic.Stc]    = Row<Stc>(Shape.Implicit),
        [Mnemonic.Cmc]    = Row<Cmc>(Shape.Implicit),
        [Mnemonic.Cld]    = Row<Cld>(Shape.Implicit),
        [Mnemonic.Std]    = Row<Std>(Shape.Implicit),
        [Mnemonic.Lahf]   = Row<Lahf>(Shape.Implicit),
        [Mnemonic.Sahf]   = Row<Sahf>(Shape.Implicit),
        // Hints and fences: memory is sequentially consistent here.
        [Mnemonic.Nop]         = Row<Nop>(Shape.Implicit),
        [Mnemonic.Endbr64]     = Row<Nop>(Shape.Implicit),
        [Mnemonic.Endbr32]     = Row<Nop>(Shape.Implicit),
        [Mnemonic.Lfence]      = Row<Nop>(Shape.Implicit),
        [Mnemonic.Mfence]      = Row<Nop>(Shape.Implicit),
        [Mnemonic.Sfence]      = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetchnta] = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetcht0]  = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetcht1]  = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetcht2]  = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetchw]   = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetch]    = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetchwt1] = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetchit0] = Row<Nop>(Shape.Implicit),
        [Mnemonic.Prefetchit1] = Row<Nop>(Shape.Implicit),
        [Mnemonic.Cldemote]    = Row<Nop>(Shape.Implicit),
        [Mnemonic.Serialize]   = Row<Nop>(Shape.Implicit),
        [Mnemonic.Reservednop] = Row<Nop>(Shape.Implicit),
        [Mnemonic.Loop]   = Row<Loop>(Shape.Loop),
        [Mnemonic.Loope]  = Row<Loope>(Shape.Loop),
        [Mnemonic.Loopne] = Row<Loopne>(Shape.Loop),
        [Mnemonic.Jrcxz]  = Row<Jrcxz>(Shape.Loop),
    }.ToFrozenDictionary();

    /// <summary>The one-operand IMUL.</summary>
    public static byte ImulWide { get; } = Row<ImulWide>(Shape.Accumulate).Operation;

    /// <summary>The row of a mnemonic.</summary>
    public static bool TryFind(Mnemonic mnemonic, out InstructionRow row) => Rows.TryGetValue(mnemonic, out row);

    /// <summary>The operation with a number; null for 0.</summary>
    public static Type? OperationAt(int number) => Operations[number];

    private static InstructionRow Row<TOp>(Shape shape)
    {
        int at = Operations.IndexOf(typeof(TOp));
        if (at < 0)
        {
            at = Operations.Count;
            Operations.Add(typeof(TOp));
        }
        return new InstructionRow(shape, (byte)at);
    }
}
