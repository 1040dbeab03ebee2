using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Firmware.Module;

/// <summary>
/// The CPUID a TD gets against Data/1.5.01/cpuid-fields.csv, which says for every bit field why it is what it is. The
/// module computes from cpuid.csv and cpuid-xfam.csv, so the two descriptions check each other.
/// </summary>
[Category("Conformance")]
public partial class TdCpuidTests
{
    private const ulong AllXfam = 0x6DBE7, MinXfam = 3;
    private const uint PlatformFms = 0x806F8;

    [TestCase(MinXfam, 0UL, false, TestName = "{m}(x87 and SSE only)")]
    [TestCase(AllXfam, TdAttributes.Pks | TdAttributes.Perfmon, true, TestName = "{m}(everything the host can allow)")]
    [TestCase(AllXfam & ~(1UL << 8), TdAttributes.Pks, true, TestName = "{m}(no PT, no performance monitoring)")]
    [TestCase(0x7UL, 0UL, true, TestName = "{m}(AVX without AVX-512)")]
    public void Every_CPUID_field_follows_its_category(ulong xfam, ulong attributes, bool allow) =>
        Check(ModuleTables.Load(ModuleVersion.Default), xfam, attributes, allow);

    [Test]
    public void Every_CPUID_field_follows_its_category_under_an_overlay(
        [ValueSource(typeof(ModuleDefinition), nameof(ModuleDefinition.ShippedOverlays))] string overlay,
        [Values] bool allow) =>
        Check(ModuleDefinition.Resolve(overlay).Tables, AllXfam, TdAttributes.Pks | TdAttributes.Perfmon, allow);

    private static void Check(ModuleTables tables, ulong xfam, ulong attributes, bool allow)
    {
        using ModulePlatform platform = ModulePlatform.Ready(tables);
        TestTd td = Make(platform, tables, xfam, attributes, allow);
        List<string> wrong = [];
        int seen = 0;
        foreach (CpuidField row in tables.CpuidFields.Fields)
        {
            Field field = new(row, tables.Cpuid.Entries[row.EntryIndex]);
            uint native = field.Of(platform.Machine.Lps[0].Cpuid(field.Entry.Leaf, field.Subleaf));
            if (Expected(field, native, td, xfam, attributes) is not { } expected)
                continue;
            seen++;
            uint actual = field.Of(td.Tdcs.CpuidValues(field.Entry.Index));
            if (actual != expected)
                wrong.Add($"{field}: 0x{actual:X}, not 0x{expected:X} ({row.Category})");
        }
        Assert.That((string.Join(Environment.NewLine, wrong), seen),
            Is.EqualTo(("", seen)).And.Matches<(string, int)>(t => t.Item2 > 500));
    }

    [TestCase(0x2u, 0u, TestName = "{m}(leaf 2 is in no table)")]
    [TestCase(0x6u, 0u, TestName = "{m}(leaf 6 faults)")]
    [TestCase(0x1Fu, 0u, TestName = "{m}(leaf 0x1F faults)")]
    [TestCase(0x4u, 9u, TestName = "{m}(no such subleaf)")]
    [TestCase(0x40000000u, 0u, TestName = "{m}(the hypervisor's leaves)")]
    public void A_leaf_nobody_answers_raises_VE(uint leaf, uint subleaf)
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        Assert.That(CpuidLookup.Find(Call(platform), leaf, subleaf), Is.Null);
    }

    [TestCase(0x24u, 0x23u, TestName = "{m}(just above the highest basic leaf)")]
    [TestCase(0x7FFFFFFFu, 0x23u, TestName = "{m}(far above it)")]
    [TestCase(0x80000009u, 0x23u, TestName = "{m}(above the highest extended leaf)")]
    [TestCase(0x80000008u, 0x80000008u, TestName = "{m}(the highest extended leaf itself)")]
    public void A_leaf_above_the_maximum_answers_as_the_highest_basic_one(uint leaf, uint answered)
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        Assert.That(CpuidLookup.Find(Call(platform), leaf, 0)?.Leaf, Is.EqualTo(answered));
    }

    private static LeafCall Call(ModulePlatform platform) =>
        new(platform.Machine.Lps[0], Rules.Default);

    private static TestTd Make(
        ModulePlatform platform, ModuleTables tables, ulong xfam, ulong attributes, bool allow)
    {
        TestTd td = new(platform);
        td.Set(TdParams.Xfam, xfam);
        td.Set(TdParams.Attributes, attributes);
        foreach (CpuidEntry entry in tables.Cpuid.Configurable)
            for (int r = 0; allow && r < 4; r++)
                BinaryPrimitives.WriteUInt32LittleEndian(
                    td.Params[(TdParams.CpuidConfig + entry.ConfigIndex * 16 + r * 4)..],
                    entry.AllowDirect[r] | (entry is { Leaf: 1 } && r == 0 ? 0 : entry.ConfigDirect[r]));
        td.BringTo(TdStage.Initialized);
        return td;
    }

    // Null: the field depends on the moment of the CPUID, or its whole leaf raises #VE.
    private static uint? Expected(Field field, uint native, TestTd td, ulong xfam,
        ulong attributes) => field.Row.Category switch
    {
        CpuidCategory.Fixed                                 => field.Row.FixedValue,
        CpuidCategory.Native or CpuidCategory.NativeChecked => native,
        CpuidCategory.ConfigDirect                          => field.Configured(td),
        CpuidCategory.ConfigDirectFms                       => field.Row.Of(PlatformFms),
        CpuidCategory.AllowDirect or CpuidCategory.AllowDirectXfam =>
            XfamAllows(field, xfam) ? native & field.Configured(td) : 0,
        CpuidCategory.XfamNative      => XfamAllows(field, xfam) ? native : 0,
        CpuidCategory.XfamCalc        => (xfam >> 18 & 1) != 0 ? native : 0,
        CpuidCategory.AllowAttributes => (attributes & TdAttributes.Perfmon) != 0 ? native : 0,
        CpuidCategory.AllowCpuid      => td.Tdcs.Has(CpuidFlag.MonitorMwait) ? native : 0,
        CpuidCategory.Attributes      => (attributes & TdAttributes.Pks) != 0 ? 1u : 0,
        CpuidCategory.ConfigTsc       => 40,
        _                             => null,
    };

    private static bool XfamAllows(Field field, ulong xfam) =>
        XfamBits().Matches(field.Row.Detail)
            .SelectMany(m => m.Groups[1].Value.Split(';'))
            .All(bit => (xfam >> int.Parse(bit, CultureInfo.InvariantCulture) & 1) != 0);

    // XFAM[9] or XFAM[5;6;7].
    [GeneratedRegex(@"XFAM\[([\d;]+)\]")]
    private static partial Regex XfamBits();

    private sealed record Field(CpuidField Row, CpuidEntry Entry)
    {
        public uint Subleaf => Entry.Subleaf == CpuidEntry.NoSubleaf ? 0 : Entry.Subleaf;

        public uint Of(CpuidResult r) => Row.Of(new CpuidRegisters(r.Eax, r.Ebx, r.Ecx, r.Edx)[Row.Register]);

        public uint Configured(TestTd td) => Row.Of(BinaryPrimitives.ReadUInt32LittleEndian(
            td.Params[(TdParams.CpuidConfig + Entry.ConfigIndex * 16 + Row.Register * 4)..]));

        public override string ToString() =>
            $"{Entry.Leaf:X}.{Subleaf:X} E{"ABCD"[Row.Register]}X[{Row.Msb}:{Row.Lsb}] {Row.Name}";
    }
}
