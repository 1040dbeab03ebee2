using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Tiles;

/// <summary>
/// TILECFG and TILEDATA, XSAVE components 17 and 18, with palette 1: eight tiles of 16 rows of 64 bytes. SDM vol. 1,
/// chapter 18 "Programming with Intel AMX"; vol. 2, LDTILECFG for the layout.
/// </summary>
internal readonly unsafe struct TileState
{
    public const int Tiles = 8, MaxRows = 16, RowBytes = 64, ConfigurationBytes = 64, DataComponent = 18;

    private const int ConfigurationComponent = 17, PaletteAt = 0, StartRowAt = 1, ColumnsAt = 16, ColumnsEnd = 32;
    private const int RowsAt = 48, RowsEnd = 56, MaxPalette = 1;
    private const uint XfdMsr = 0x1C4, XfdErrorMsr = 0x1C5;

    private readonly byte* configuration, data;

    private TileState(byte* configuration, byte* data)
    {
        this.configuration = configuration;
        this.data = data;
    }

    /// <summary>TILES_CONFIGURED.</summary>
    public bool IsConfigured => configuration[PaletteAt] != 0;

    /// <summary>The row an interrupted load or store goes on with.</summary>
    public ref byte StartRow => ref configuration[StartRowAt];

    /// <summary>The bytes of TILECFG.</summary>
    public Span<byte> Configuration => new(configuration, ConfigurationBytes);

    /// <summary>
    /// The tiles of a processor; false: #UD (not enabled in XCR0 and CR4, not 64-bit mode), or #NM where IA32_XFD
    /// disables tile data and the instruction uses it.
    /// </summary>
    public static bool TryOpen(Core core, bool usesData, out TileState tiles)
    {
        const ulong enabled = 1 << ConfigurationComponent | 1 << DataComponent;
        tiles = default;
        bool usable = core.LongMode64 && (core.Lp->Cr4 & Cr4Bit.Osxsave) != 0 && (core.Lp->Xcr0 & enabled) == enabled
            && (core.Extended.Components & enabled) == enabled;
        if (!usable)
        {
            core.Raise(Vector.UD);
            return false;
        }
        if (usesData && core.TryRdmsr(XfdMsr, out ulong disabled) && (disabled & 1 << DataComponent) != 0)
        {
            core.TryRdmsr(XfdErrorMsr, out ulong error);
            core.TryWrmsr(XfdErrorMsr, error | 1 << DataComponent);
            core.Raise(Vector.NM);
            return false;
        }
        tiles = new TileState(core.Extended.Supervisor(ConfigurationComponent), core.Extended.Supervisor(DataComponent));
        return true;
    }

    /// <summary>Rows of a tile; 0 when the configuration leaves it out.</summary>
    public int Rows(int tile) => configuration[RowsAt + tile];

    /// <summary>Bytes of a row of a tile.</summary>
    public int Columns(int tile) =>
        BinaryPrimitives.ReadUInt16LittleEndian(Configuration[(ColumnsAt + (2 * tile))..]);

    /// <summary>Whether a tile may be an operand.</summary>
    public bool IsValid(int tile) => IsConfigured && Rows(tile) != 0;

    /// <summary>A row of a tile, all 64 bytes.</summary>
    public Span<byte> Row(int tile, int row) => new(data + (((tile * MaxRows) + row) * RowBytes), RowBytes);

    /// <summary>Clears the rows of a tile from <paramref name="first"/> on.</summary>
    public void ClearFrom(int tile, int first)
    {
        for (int row = first; row < MaxRows; row++)
            Row(tile, row).Clear();
    }

    /// <summary>Takes over a configuration and clears all tiles; false: #GP(0).</summary>
    public bool TryConfigure(ReadOnlySpan<byte> source)
    {
        if (!IsLegal(source))
            return false;
        Release();
        if (source[PaletteAt] != 0)
            source.CopyTo(Configuration);
        return true;
    }

    /// <summary>Both components become initial.</summary>
    public void Release()
    {
        Configuration.Clear();
        new Span<byte>(data, Tiles * MaxRows * RowBytes).Clear();
    }

    /// <summary>Number of a tile register.</summary>
    public static int Number(Register register) => register - Register.TMM0;

    private static bool IsLegal(ReadOnlySpan<byte> source)
    {
        if (source[PaletteAt] == 0)
            return true;
        if (source[PaletteAt] > MaxPalette || source[2..ColumnsAt].ContainsAnyExcept((byte)0)
            || source[ColumnsEnd..RowsAt].ContainsAnyExcept((byte)0) || source[RowsEnd..].ContainsAnyExcept((byte)0))
            return false;
        for (int tile = 0; tile < Tiles; tile++)
        {
            int rows = source[RowsAt + tile], columns = BinaryPrimitives.ReadUInt16LittleEndian(source[(ColumnsAt + (2 * tile))..]);
            if (rows > MaxRows || columns > RowBytes || (rows == 0) != (columns == 0))
                return false;
        }
        return true;
    }
}
