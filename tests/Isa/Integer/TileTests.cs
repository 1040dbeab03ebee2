using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>AMX tiles. SDM vol. 1, chapter 18; vol. 2.</summary>
public sealed unsafe class TileTests
{
    private const ulong Configuration = EngineRig.Data, Source = EngineRig.Data + 0x1000, Target = EngineRig.Data + 0x8000;

    private ModelRig model = null!;

    private EngineRig Rig => model.Rig;

    [SetUp]
    public void Begin()
    {
        model = new ModelRig();
        Rig.Lp->Cr4 |= 1 << 18;
        Rig.Lp->Xcr0 = 0x600E7;
        Rig.Core.ModeChanged();
    }

    [TearDown]
    public void End() => model.Dispose();

    [Test]
    public void A_tile_is_loaded_row_by_row_and_stored_again()
    {
        Configure((0, 3, 8));
        for (ulong row = 0; row < 3; row++)
            Rig.Write(Source + (row * 0x20), 0x1111111111111111 * (row + 1));
        Assert.That(Run(a =>
        {
            a.ldtilecfg(__[rdi]);
            a.tileloadd(tmm0, __[rsi + rcx]);
            a.tilestored(__[rdx + rax * 2], tmm0);
            a.sttilecfg(__[rdi + 0x100]);
        }), Is.EqualTo(-1));
        for (ulong row = 0; row < 3; row++)
            Assert.That(Rig.Read(Target + (row * 0x10)), Is.EqualTo(0x1111111111111111 * (row + 1)));
        Assert.That(Rig.Read(Configuration + 0x100), Is.EqualTo(Rig.Read(Configuration)));
        Assert.That(Rig.Core.Extended.InUse & 0x60000, Is.EqualTo(0x60000));
    }

    [Test]
    public void A_load_that_faults_goes_on_with_its_row()
    {
        Configure((0, 4, 64));
        ulong rows = EngineRig.Data + 0x3000 - 0x40; // row 0 before the page that is missing
        Rig.ChangePte(EngineRig.Data + 0x3000, 1);
        Rig.Lp->Gpr[8] = rows;
        Assert.That(Run(a =>
        {
            a.ldtilecfg(__[rdi]);
            a.tileloadd(tmm0, __[r8 + rcx * 2]);
        }), Is.EqualTo(14));
        byte[] saved = new byte[64];
        Rig.Core.Extended.Read(17, saved);
        Assert.That(saved[1], Is.EqualTo(1));
        Rig.ChangePte(EngineRig.Data + 0x3000, 0, 1);
        (Rig.Lp->Rip, Rig.Lp->Activity) = (EngineRig.Code + 5, ActivityState.Active);
        Rig.Run();
        Rig.Core.Extended.Read(17, saved);
        Assert.That((Rig.StoppedAtVector, saved[1]), Is.EqualTo((-1, (byte)0)));
    }

    [TestCase(true, true, 0xFF, 0x02, -2)]
    [TestCase(true, false, 0xFF, 0xFE, -254)]
    [TestCase(false, true, 0xFF, 0xFE, -510)]
    [TestCase(false, false, 0xFF, 0xFE, 64770)]
    public void Bytes_are_multiplied_by_their_signs(bool signedA, bool signedB, int left, int right, int product)
    {
        Configure((0, 2, 8), (1, 2, 4), (2, 1, 8));
        FillTile(1, 2, 4, (byte)left);
        FillTile(2, 1, 8, (byte)right);
        FillTile(0, 2, 8, 0);
        Assert.That(Run(a =>
        {
            if (signedA && signedB)
                a.tdpbssd(tmm0, tmm1, tmm2);
            else if (signedA)
                a.tdpbsud(tmm0, tmm1, tmm2);
            else if (signedB)
                a.tdpbusd(tmm0, tmm1, tmm2);
            else
                a.tdpbuud(tmm0, tmm1, tmm2);
        }), Is.EqualTo(-1));
        Assert.That(Element(0, 1, 1), Is.EqualTo(4 * product));
        Assert.That(Element(0, 1, 2), Is.Zero, "beyond the columns");
    }

    [Test]
    public void Bfloat16_products_are_summed_in_single_precision()
    {
        Configure((0, 1, 4), (1, 1, 8), (2, 2, 4));
        SetTile(1, 0, 0x3F80_4000, 0x4040_4080);            // 2, 1, 4, 3 (low half first)
        SetTile(2, 0, 0x4000_3F80);                         // 1, 2
        SetTile(2, 1, 0x3F00_3F80);                         // 1, 0.5
        SetTile(0, 0, 0x3F80_0000);                         // 1
        Assert.That(Run(a => a.tdpbf16ps(tmm0, tmm1, tmm2)), Is.EqualTo(-1));
        Assert.That(BitConverter.Int32BitsToSingle(Element(0, 0, 0)), Is.EqualTo(1 + (2 * 1) + (1 * 2) + (4 * 1) + (3 * 0.5f)));
    }

    [TestCase("palette", 13)]
    [TestCase("reserved", 13)]
    [TestCase("rows", 13)]
    [TestCase("columns", 13)]
    [TestCase("rows without columns", 13)]
    [TestCase("xcr0", 6)]
    [TestCase("osxsave", 6)]
    [TestCase("xfd", 7)]
    [TestCase("not configured", 6)]
    [TestCase("tile left out", 6)]
    [TestCase("palette 0", 6)]
    public void A_check_that_fails_raises_its_exception(string what, int vector)
    {
        Configure((0, 4, 16));
        switch (what)
        {
            case "palette": Rig.LoadAt(Configuration, 2); break;
            case "palette 0": Rig.LoadAt(Configuration, 0); break;
            case "reserved": Rig.LoadAt(Configuration + 2, 1); break;
            case "rows": Rig.LoadAt(Configuration + 48, 17); break;
            case "columns": Rig.LoadAt(Configuration + 16, 65); break;
            case "rows without columns": Rig.LoadAt(Configuration + 49, 1); break;
            case "xcr0": Rig.Lp->Xcr0 = 0x200E7; break;
            case "osxsave": Rig.Lp->Cr4 &= ~(1UL << 18); break;
            case "xfd": Rig.Core.TryWrmsr(0x1C4, 1 << 18); break;
        }
        Rig.Core.ModeChanged();
        int stopped = Run(a =>
        {
            if (what != "not configured")
                a.ldtilecfg(__[rdi]);
            a.tilezero(what == "tile left out" ? tmm1 : tmm0);
        });
        Assert.That(stopped, Is.EqualTo(vector));
        if (what == "xfd")
            Assert.That(Rig.Core.TryRdmsr(0x1C5, out ulong error) ? error : 0, Is.EqualTo(1UL << 18));
    }

    [Test]
    public void Tiles_whose_sizes_do_not_fit_or_that_are_the_same_are_undefined()
    {
        Configure((0, 2, 8), (1, 2, 8), (2, 1, 8));
        Assert.That(Run(a => a.tdpbuud(tmm0, tmm1, tmm2)), Is.EqualTo(6), "two columns of four bytes, one row");
        Assert.That(Run(a => a.tdpbuud(tmm0, tmm0, tmm2)), Is.EqualTo(6));
    }

    private void Configure(params (int Tile, int Rows, int Columns)[] tiles)
    {
        byte[] bytes = new byte[64];
        bytes[0] = 1;
        foreach ((int tile, int rows, int columns) in tiles)
            (bytes[16 + (2 * tile)], bytes[48 + tile]) = ((byte)columns, (byte)rows);
        Rig.LoadAt(Configuration, bytes);
        Rig.Core.Extended.Write(17, bytes);
        if (tiles.Length == 1)
            Rig.Core.Extended.Write(17, new byte[64]); // the test loads it
    }

    private int Run(Action<Assembler> write)
    {
        Rig.Load(a =>
        {
            write(a);
            a.hlt();
        });
        (Rig.Lp->Gpr[7], Rig.Lp->Gpr[6], Rig.Lp->Gpr[2]) = (Configuration, Source, Target);
        (Rig.Lp->Gpr[1], Rig.Lp->Gpr[0]) = (0x20, 8);
        (Rig.Lp->Rip, Rig.Lp->Activity) = (EngineRig.Code, ActivityState.Active);
        Rig.Run();
        return Rig.StoppedAtVector;
    }

    private void FillTile(int tile, int rows, int columns, byte value)
    {
        Span<byte> data = Data();
        for (int row = 0; row < rows; row++)
            data.Slice((tile * 1024) + (row * 64), columns).Fill(value);
    }

    private void SetTile(int tile, int row, params uint[] values)
    {
        for (int n = 0; n < values.Length; n++)
            BinaryPrimitives.WriteUInt32LittleEndian(Data()[((tile * 1024) + (row * 64) + (4 * n))..], values[n]);
    }

    private int Element(int tile, int row, int column) =>
        BinaryPrimitives.ReadInt32LittleEndian(Data()[((tile * 1024) + (row * 64) + (4 * column))..]);

    private Span<byte> Data() => new(Rig.Core.Extended.Supervisor(18), 8192);
}
