using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Tiles;

/// <summary>
/// LDTILECFG, STTILECFG, TILERELEASE, TILEZERO, TILELOADD, TILELOADDT1, TILESTORED. SDM vol. 2. A load or store that
/// faults leaves its row in TILECFG.start_row and goes on there.
/// </summary>
internal static unsafe class TileMoves
{
    public static Outcome Ldtilecfg(Core core, in Instruction i)
    {
        Span<byte> configuration = stackalloc byte[TileState.ConfigurationBytes];
        if (!TileState.TryOpen(core, usesData: true, out TileState tiles)
            || !core.TryReadLinear(core.EffectiveAddress(i), configuration, core.Cpl))
            return Outcome.Fault;
        return tiles.TryConfigure(configuration) ? Outcome.Next : core.RaiseGp0();
    }

    public static Outcome Sttilecfg(Core core, in Instruction i) =>
        TileState.TryOpen(core, usesData: false, out TileState tiles)
            && core.TryWriteLinear(core.EffectiveAddress(i), tiles.Configuration, core.Cpl)
            ? Outcome.Next
            : Outcome.Fault;

    public static Outcome Tilerelease(Core core, in Instruction i)
    {
        if (!TileState.TryOpen(core, usesData: false, out TileState tiles))
            return Outcome.Fault;
        tiles.Release();
        return Outcome.Next;
    }

    public static Outcome Tilezero(Core core, in Instruction i)
    {
        if (!TryOpen(core, i.Op0Register, out TileState tiles, out int tile))
            return Outcome.Fault;
        tiles.ClearFrom(tile, 0);
        tiles.StartRow = 0;
        return Outcome.Next;
    }

    /// <summary>Row n comes from the base plus n times the index register: the stride.</summary>
    public static Outcome Tileloadd(Core core, in Instruction i)
    {
        if (!TryOpen(core, i.Op0Register, out TileState tiles, out int tile))
            return Outcome.Fault;
        int columns = tiles.Columns(tile), rows = tiles.Rows(tile);
        Span<byte> row = stackalloc byte[TileState.RowBytes];
        for (int n = tiles.StartRow; n < rows; n++)
        {
            if (!core.TryReadLinear(RowAddress(core, i, n, columns), row[..columns], core.Cpl))
            {
                tiles.StartRow = (byte)n;
                return Outcome.Fault;
            }
            Span<byte> destination = tiles.Row(tile, n);
            destination.Clear();
            row[..columns].CopyTo(destination);
        }
        tiles.ClearFrom(tile, rows);
        tiles.StartRow = 0;
        return Outcome.Next;
    }

    public static Outcome Tilestored(Core core, in Instruction i)
    {
        if (!TryOpen(core, i.Op1Register, out TileState tiles, out int tile))
            return Outcome.Fault;
        int columns = tiles.Columns(tile), rows = tiles.Rows(tile);
        for (int n = tiles.StartRow; n < rows; n++)
            if (!core.TryWriteLinear(RowAddress(core, i, n, columns), tiles.Row(tile, n)[..columns], core.Cpl))
            {
                tiles.StartRow = (byte)n;
                return Outcome.Fault;
            }
        tiles.StartRow = 0;
        return Outcome.Next;
    }

    private static bool TryOpen(Core core, Register register, out TileState tiles, out int tile)
    {
        tile = TileState.Number(register);
        if (!TileState.TryOpen(core, usesData: true, out tiles))
            return false;
        if (tiles.IsValid(tile))
            return true;
        core.Raise(Vector.UD);
        return false;
    }

    private static Gva RowAddress(Core core, in Instruction i, int row, int bytes)
    {
        ulong offset = i.MemoryDisplacement64;
        if (i.MemoryBase != Register.None)
            offset += core.ReadRegister(i.MemoryBase);
        if (i.MemoryIndex != Register.None)
            offset += core.ReadRegister(i.MemoryIndex) * (ulong)i.MemoryIndexScale * (ulong)row;
        if (core.AddressBits(i) == 32)
            offset = (uint)offset;
        return new Gva(Segmentation.Linear(core, Core.SegmentIndex(i.MemorySegment), offset, (uint)bytes));
    }
}
