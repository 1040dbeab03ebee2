using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module;

/// <summary>
/// What the shipped overlays change, seen by a host that issues SEAMCALLs: the list of configurable bits
/// (TDH.SYS.RD), what TDH.MNG.INIT takes, and the CPUID of the TD (TDH.MNG.RD).
/// </summary>
public class OverlayTests
{
    private const uint None = CpuidEntry.NoSubleaf;
    private const ulong NumCpuidConfig = 0x9900_0001_0000_0004, ConfigLeaves = 0x9900_0003_0000_0400,
        ConfigValues = 0x9900_0003_0000_0500, CpuidValues = 0x9410_0003_0000_0000;

    private static readonly string Base = ModuleVersion.Default.Name;

    // A bit under a module: whether the host is told that it may set it, what a TD has of it when the host does not
    // ask for it, and when it does; null: refused, or there is nothing to ask.
    private static IEnumerable<TestCaseData> Bits()
    {
        //                module        leaf        subleaf reg bit  listed  unasked asked
        yield return Row(Base,           0x7,        0,      1,  29, false,  1,      null);
        yield return Row("e1",           0x7,        0,      1,  29, true,   0,      1);
        yield return Row(Base,           0x7,        0,      3,  30, false,  1,      null);
        yield return Row("e1-unknown",   0x7,        0,      3,  30, true,   0,      1);
        yield return Row(Base,           0x7,        0,      2,  29, false,  0,      null);
        yield return Row("e2",           0x7,        0,      2,  29, true,   0,      1);
        yield return Row(Base,           0x7,        2,      3,  7,  false,  0,      null);
        yield return Row("e3",           0x7,        2,      3,  7,  false,  1,      null);
        yield return Row(Base,           0x20,       None,   1,  0,  false,  0,      null);
        yield return Row("e4",           0x20,       None,   1,  0,  false,  1,      null);
        yield return Row(Base,           0x4,        3,      3,  2,  true,   0,      1);
        yield return Row("e5",           0x4,        3,      3,  2,  false,  0,      null);
        yield return Row("e6",           0x16,       None,   0,  11, true,   0,      1);
        yield return Row("e6",           0x16,       None,   0,  16, false,  0,      null);
        yield return Row(Base,           0x7,        1,      0,  3,  false,  0,      null);
        yield return Row("e7",           0x7,        1,      0,  3,  false,  0,      null);
        yield return Row(Base,           0x7,        2,      3,  6,  false,  0,      null);
        yield return Row("e8",           0x7,        2,      3,  6,  true,   0,      1);
        yield return Row("any-maxphyaddr", 0x80000008, None, 0,  2,  false,  1,      null);
    }

    [TestCaseSource(nameof(Bits))]
    public void The_host_is_told_of_a_bit_and_gets_what_it_asks_for_or_is_refused(
        string module, uint leaf, uint subleaf, int register, int bit, bool listed, uint unasked, uint? asked)
    {
        using ModulePlatform platform = Ready(module);
        int slot = SlotOf(platform, leaf, subleaf);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(slot >= 0 && (MaskOf(platform, slot, register) >> bit & 1) != 0, Is.EqualTo(listed), "listed");
            Assert.That(
                Read(platform, TestTd.At(platform, TdStage.Initialized), leaf, subleaf, register) >> bit & 1,
                Is.EqualTo(unasked), "not asked for");
            if (slot >= 0)
                Assert.That(Ask(platform, slot, leaf, subleaf, register, bit), Is.EqualTo(asked), "asked for");
        }
    }

    [TestCase("e6", 13, 65, 12)]
    [TestCase("e1", 12, 64, -1)]
    public void A_new_slot_comes_after_the_others(string module, int slots, int entries, int slotOfNewLeaf)
    {
        using ModulePlatform platform = Ready(module);
        ulong values = platform.Do(
            "TDH.MNG.RD", new(Rcx: TestTd.At(platform, TdStage.Initialized).TdrPage, Rdx: 0x9110_0001_0000_000E)).R8;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(platform.Do("TDH.SYS.RD", new(Rdx: NumCpuidConfig)).R8, Is.EqualTo((ulong)slots));
            Assert.That(SlotOf(platform, 0x23, 0), Is.EqualTo(11));
            Assert.That(SlotOf(platform, 0x16, None), Is.EqualTo(slotOfNewLeaf));
            Assert.That(values, Is.EqualTo((ulong)entries - 8), "those that raise #VE have no value");
        }
    }

    [Test]
    public void What_follows_the_new_slot_in_TD_PARAMS_stays_reserved()
    {
        using ModulePlatform platform = Ready("e6");
        TestTd td = TestTd.At(platform, TdStage.TdcsAllocated);
        td.Params[TdParams.CpuidConfigEnd(13)] = 1;
        Assert.That(platform.Seamcall("TDH.MNG.INIT", td.InitOperands()).Status,
            Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rdx)));
    }

    [Test]
    public void A_leaf_that_is_no_slot_in_the_old_version_is_unknown_there()
    {
        using ModulePlatform platform = Ready(Base);
        TestTd td = TestTd.At(platform, TdStage.Initialized);
        SeamcallResult read = platform.Seamcall("TDH.MNG.RD", new(Rcx: td.TdrPage, Rdx: FieldOf(0x16, None, 0)));
        Assert.That(read.Status, Is.EqualTo(TdxStatus.MetadataFieldIdIncorrect));
    }

    [Test]
    public void A_native_bit_is_what_the_processor_has()
    {
        using ModulePlatform platform = new(tables: ModuleDefinition.Resolve("e7").Tables);
        foreach (BareLp lp in platform.Machine.Lps)
            lp.Cpu.SetCpuid(7, 1, lp.Cpu.Cpuid(7, 1) with { Eax = lp.Cpu.Cpuid(7, 1).Eax | 8 });
        platform.BringUp();
        Assert.That(Read(platform, TestTd.At(platform, TdStage.Initialized), 7, 1, 0) >> 3 & 1, Is.EqualTo(1));
    }

    [TestCase(46)]
    [TestCase(48)]
    public void A_module_that_takes_any_MAXPHYADDR_initialises_where_1_5_01_does_not(int bits)
    {
        using ModulePlatform any = With(bits, "any-maxphyaddr"), strict = With(bits, Base);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(any.Seamcall("TDH.SYS.INIT").Status, Is.EqualTo(TdxStatus.Success));
            Assert.That(strict.Seamcall("TDH.SYS.INIT").Status, Is.EqualTo(TdxStatus.IncorrectCpuidValue));
        }
    }

    [TestCase(0u, true)]
    [TestCase(1u << 6, false)]
    public void A_native_MSR_exits_only_from_TDs_without_its_CPUID_bit(uint asked, bool exits)
    {
        using ModulePlatform platform = Ready("e8");
        TestTd td = TestTd.At(platform, TdStage.TdcsAllocated);
        Slot(td, SlotOf(platform, 7, 2), 3, asked);
        platform.Do("TDH.MNG.INIT", td.InitOperands());
        byte[] page = new byte[4096];
        platform.View(0).ReadBytes(td.Tdcs.Page(Tdcs.MsrBitmapPage), page);
        bool[] bits = [.. new[] { 0, 2048 }.Select(half => (page[half + 0x33 / 8] >> 0x33 % 8 & 1) != 0)];
        Assert.That(bits, Is.EqualTo(new[] { exits, exits }), "read, write");
    }

    [Test]
    public void A_higher_basic_leaf_is_announced_and_answers()
    {
        ModuleTables tables = ModuleTables.Load(ModuleVersion.Default, new ModuleOverlay("higher", "test")
        {
            Leaves = [new CpuidLeafChange(0x24, 0, false, "")],
            Fields = [new CpuidFieldChange(0x24, 0, 1, 7, 0, CpuidCategory.Fixed, 2, "VERSION", "")],
        });
        using ModulePlatform platform = ModulePlatform.Ready(tables);
        TestTd td = TestTd.At(platform, TdStage.Initialized);
        LeafCall call = new(platform.Machine.Lps[0], ModuleRules.Of(tables));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Read(platform, td, 0, None, 0), Is.EqualTo(0x24));
            Assert.That(Read(platform, td, 0x24, 0, 1), Is.EqualTo(2));
            Assert.That(CpuidLookup.Find(call, 0x24, 0)?.Leaf, Is.EqualTo(0x24));
            Assert.That(CpuidLookup.Find(call, 0x25, 0)?.Leaf, Is.EqualTo(0x24));
            Assert.That(tables.CpuidFields.Find(0, 0, 0, 0)?.FixedValue, Is.EqualTo(0x24));
        }
    }

    [Test]
    public void As_many_entries_as_a_TD_holds_work_and_do_not_disturb_what_lies_behind_them()
    {
        ModuleTables tables = ModuleTables.Load(ModuleVersion.Default, new ModuleOverlay("full", "test")
        {
            Leaves = [.. Enumerable.Range(0, 16).Select(i => new CpuidLeafChange(0x30, (uint)i, true, ""))],
            Fields =
            [
                .. Enumerable.Range(0, 16).Select(i => new CpuidFieldChange(
                    0x30, (uint)i, 0, 31, 0, CpuidCategory.Fixed, 0xABCD_0000 | (uint)i, "", "")),
            ],
        });
        using ModulePlatform platform = ModulePlatform.Ready(tables);
        TestTd td = new(platform);
        td.Set(TdParams.Xfam, 0x6DBE7);
        td.BringTo(TdStage.Initialized);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tables.Cpuid.Entries, Has.Count.EqualTo(80));
            for (uint i = 0; i < 16; i++)
                Assert.That(Read(platform, td, 0x30, i, 0), Is.EqualTo(0xABCD_0000 | i));
            Assert.That(Read(platform, td, 0xD, 0, 2), Is.EqualTo(0x2B00), "XSAVE area");
            Assert.That(td.Tdcs.XbuffSize, Is.EqualTo(XbuffSizeOfTheOldVersion()));
        }
    }

    [Test]
    public void An_overlay_without_changes_leaves_the_tables_as_they_are()
    {
        ModuleTables before = ModuleTables.Load(ModuleVersion.Default);
        ModuleTables after = ModuleTables.Load(ModuleVersion.Default, new ModuleOverlay("nothing", "test"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(after.Cpuid.Entries, Is.EqualTo(before.Cpuid.Entries));
            Assert.That(after.Cpuid.XfamRules, Is.EqualTo(before.Cpuid.XfamRules));
            Assert.That(after.CpuidFields.Fields, Is.EqualTo(before.CpuidFields.Fields));
        }
    }

    [Test]
    public void A_field_of_several_bits_falls_into_parts_that_keep_their_values()
    {
        CpuidFieldTable fields = ModuleTables.Load(ModuleVersion.Default, new ModuleOverlay("split", "test")
        {
            Fields = [new CpuidFieldChange(0x21, 0, 1, 15, 8, CpuidCategory.Native, 0, "MIDDLE", "")],
        }).CpuidFields;
        IEnumerable<(int, int, string, uint?)> ebx = fields.Of(0x21, 0).Where(f => f.Register == 1)
            .Select(f => (f.Msb, f.Lsb, f.Name, f.FixedValue));
        string name = ModuleTables.Load(ModuleVersion.Default).CpuidFields.Find(0x21, 0, 1, 0)!.Name;
        Assert.That(ebx, Is.EqualTo(new (int, int, string, uint?)[]
        {
            (7, 0, name, 0x49), (15, 8, "MIDDLE", null), (31, 16, name, 0x6574),
        }));
    }

    [Test]
    public void An_overlay_that_does_not_fit_is_refused() =>
        Assert.That(
            () => ModuleTables.Load(ModuleVersion.Default, new ModuleOverlay("bad", "test")
            {
                Leaves = [new CpuidLeafChange(0x21, 0, false, "")],
            }),
            Throws.TypeOf<InvalidDataException>().With.Message.StartsWith("bad: 0x21.0: the module has this leaf"));

    private static uint XbuffSizeOfTheOldVersion()
    {
        using ModulePlatform platform = Ready(Base);
        TestTd td = new(platform);
        td.Set(TdParams.Xfam, 0x6DBE7);
        td.BringTo(TdStage.Initialized);
        return td.Tdcs.XbuffSize;
    }

    private static ModulePlatform Ready(string module) => ModulePlatform.Ready(ModuleDefinition.Resolve(module).Tables);

    private static ModulePlatform With(int physicalAddressBits, string module)
    {
        ModulePlatform platform = new(tables: ModuleDefinition.Resolve(module).Tables);
        foreach (BareLp lp in platform.Machine.Lps)
            lp.Cpu.SetCpuid(0x8000_0008, 0, lp.Cpu.Cpuid(0x8000_0008, 0) with
                { Eax = (uint)physicalAddressBits | 57 << 8 });
        return platform;
    }

    // The bit in the new TD, or null when TDH.MNG.INIT refuses and names the leaf.
    private static uint? Ask(ModulePlatform platform, int slot, uint leaf, uint subleaf, int register, int bit)
    {
        TestTd td = new(platform, 1);
        td.BringTo(TdStage.TdcsAllocated);
        Slot(td, slot, register, 1u << bit);
        SeamcallResult result = platform.Seamcall("TDH.MNG.INIT", td.InitOperands());
        if (result.Status == TdxStatus.Success)
            return Read(platform, td, leaf, subleaf, register) >> bit & 1;
        Assert.That(result.Status, Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.CpuidConfig)));
        Assert.That(result.Rcx, Is.EqualTo(leaf | (ulong)subleaf << 32));
        return null;
    }

    private static void Slot(TestTd td, int slot, int register, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(
            td.Params[(TdParams.CpuidConfig + slot * TdParams.CpuidConfigBytes + register * 4)..], value);

    private static int SlotOf(ModulePlatform platform, uint leaf, uint subleaf)
    {
        int count = (int)platform.Do("TDH.SYS.RD", new(Rdx: NumCpuidConfig)).R8;
        ulong id = leaf | (ulong)subleaf << 32;
        return Enumerable.Range(0, count).ToList().FindIndex(
            i => platform.Do("TDH.SYS.RD", new(Rdx: ConfigLeaves + (uint)i)).R8 == id);
    }

    private static uint MaskOf(ModulePlatform platform, int slot, int register)
    {
        ulong half = platform.Do("TDH.SYS.RD", new(Rdx: ConfigValues + (uint)(slot * 2 + register / 2))).R8;
        return (uint)(half >> register % 2 * 32);
    }

    private static uint Read(ModulePlatform platform, TestTd td, uint leaf, uint subleaf, int register)
    {
        ulong half = platform.Do("TDH.MNG.RD", new(Rcx: td.TdrPage, Rdx: FieldOf(leaf, subleaf, register))).R8;
        return (uint)(half >> register % 2 * 32);
    }

    // TDX Module 1.5 ABI, CPUID_VALUES: leaf[31] and leaf[6:0], no-subleaf flag and subleaf, half.
    private static ulong FieldOf(uint leaf, uint subleaf, int register) =>
        CpuidValues | (leaf >> 31) << 16 | (leaf & 0x7F) << 9
        | (subleaf == None ? 0x1FEu : subleaf << 1) | (uint)register / 2;

    private static TestCaseData Row(
        string module, uint leaf, uint subleaf, int register, int bit, bool listed, uint unasked, uint? asked) =>
        new TestCaseData(module, leaf, subleaf, register, bit, listed, unasked, asked)
            .SetArgDisplayNames($"{module}: 0x{leaf:X}.E{"ABCD"[register]}X[{bit}]");
}
