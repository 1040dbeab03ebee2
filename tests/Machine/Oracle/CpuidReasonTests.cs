using CsCheck;
using Seamsim.Firmware.Abi;
using Seamsim.Isa.Models;
using Seamsim.Oracle;

namespace Seamsim.Tests.Oracle;

/// <summary>
/// The reason of a field is worked out without looking at what the module answered; over random TDs and processors it
/// must come to the module's value in every field.
/// </summary>
[TestFixture]
internal sealed class CpuidReasonTests
{
    private static readonly ulong[] XfamGroups =
        [1UL << 2, 7UL << 5 | 1UL << 2, 1UL << 8, 1UL << 9, 3UL << 11, 1UL << 14, 1UL << 15, 3UL << 17];

    private static readonly ulong[] AttributeBits =
        [TdAttributes.SeptVeDisable, TdAttributes.Pks, TdAttributes.Perfmon, TdAttributes.Debug];

    // Bits the module does not demand: present, or taken away from the processor.
    private static readonly string[] Differences =
    [
        "0x1.0.ecx[3]=0", "0x1.0.ecx[18]=0", "0x1.0.edx[29]=0", "0x7.0.ebx[3]=0", "0x7.0.ebx[16]=0",
        "0x7.0.ecx[5]=0", "0x7.0.ecx[9]=0", "0x7.0.ecx[22]=0", "0x7.0.edx[4]=0", "0x7.0.edx[20]=0", "0x7.1.eax[4]=0",
        "0x7.1.eax[8]=1", "0x7.2.edx[5]=1", "0x5.0.ecx=1", "0xa.0.ebx=5", "0x14.0.ebx=3", "0x1c.0.eax=0x4000000f",
        "0x1d.1.ecx=8", "0x1e.0.ebx=0x2008", "0xd.18.eax=0x1000", "0xd.1.eax=0xf", "msr.0x10a[19]=0", "msr.0x10a[24]=0",
        "msr.0x10a[4]=1", "msr.0x10a[20]=1", "msr.0x345=0x3f4ff", "msr.0x1a0=0x850089",
    ];

    private static readonly Gen<string[]> SomeDifferences = Gen.Int[0, Differences.Length - 1].Select(i => Differences[i]).Array[0, 8];

    [Test]
    public void The_reasons_come_to_the_value_of_the_module_for_random_TDs_and_processors()
    {
        int fields = 0;
        Gen.Select(SomeDifferences, Asked.Array[6]).Sample((differences, asked) =>
        {
            using Machine machine = new(OraclePlatform.Small(differences));
            machine.BringUp();
            foreach (AskedTd td in asked)
                fields += Check(machine, td, string.Join(' ', differences));
        }, seed: "0N0XIzNsQ0O2", iter: 25, threads: 1);
        Assert.That(fields, Is.GreaterThan(50_000));
    }

    [TestCaseSource(typeof(ModuleDefinition), nameof(ModuleDefinition.ShippedOverlays))]
    public void The_reasons_explain_every_field_of_a_shipped_overlay_and_name_it(string overlay)
    {
        using Machine machine = new(OraclePlatform.Small() with { Module = overlay });
        machine.BringUp();
        CpuidFieldView[] views = [.. CpuidReport.Of(CpuidOracle.Ask(machine, new CpuidQuestion { Xfam = 0x6DBE7 })).Fields];
        int changed = machine.Tables.CpuidFields.Fields
            .Count(field => field.Source.StartsWith("overlay ", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(views.Where(view => view.Reason.Kind == ReasonKind.Unexplained), Is.Empty);
            Assert.That(views.Count(view => view.Reason.Text.EndsWith("hypothetical]", StringComparison.Ordinal)),
                Is.EqualTo(changed));
        }
    }

    [Test]
    public void Every_bit_of_every_entry_belongs_to_exactly_one_field()
    {
        ModuleTables tables = ModuleTables.Load(ModuleVersion.Default);
        List<string> wrong = [];
        foreach (CpuidEntry entry in tables.Cpuid.Entries)
            for (int register = 0; register < 4; register++)
                for (int bit = 0; bit < 32; bit++)
                    if (tables.CpuidFields.Of(entry.Leaf, entry.Subleaf)
                            .Count(f => f.Register == register && (f.Mask >> bit & 1) != 0) != 1)
                        wrong.Add($"{entry.Leaf:x}.{entry.Subleaf:x} {register} {bit}");
        Assert.That(wrong, Is.Empty);
    }

    private sealed record AskedTd(ulong Attributes, ulong Xfam, int Gpaw, ulong? Capabilities, bool FromProcessor, uint[] Settings)
    {
        public override string ToString() =>
            $"ATTRIBUTES {Attributes:x} XFAM {Xfam:x} GPAW {Gpaw} ARCH_CAP {Capabilities:x} {FromProcessor} {string.Join(',', Settings)}";
    }

    private static Gen<AskedTd> Asked { get; } = Gen.Select(
        Subset(AttributeBits), Subset(XfamGroups), Gen.Bool, Gen.UInt, Gen.Bool, Gen.UInt.Array[0, 24],
        (attributes, xfam, wide, capabilities, processor, settings) => new AskedTd(
            attributes, xfam | 3, wide ? 52 : 48, capabilities % 2 == 0 ? null : capabilities & 0x1180010, processor, settings));

    private static Gen<ulong> Subset(ulong[] groups) =>
        Gen.Int[0, (1 << groups.Length) - 1].Select(pick =>
        {
            ulong mask = 0;
            for (int i = 0; i < groups.Length; i++)
                mask |= (pick >> i & 1) != 0 ? groups[i] : 0;
            return mask;
        });

    private static int Check(Machine machine, AskedTd asked, string processor)
    {
        CpuidQuestion question = new()
        {
            Attributes = asked.Attributes,
            Xfam = asked.Xfam,
            Gpaw = asked.Gpaw,
            ArchCapabilities = asked.Capabilities,
            StartFromProcessor = asked.FromProcessor,
            TscFrequency = (ushort)(4 + asked.Xfam % 300),
            Settings = [.. Settings(machine.Tables.Cpuid, asked.Settings)],
        };
        CpuidAnswer answer = CpuidOracle.Ask(machine, question);
        string what = $"{asked} on {processor}: {answer.Refusal?.Status}";
        Assert.That(answer.Refusal, Is.Null, what);
        CpuidFieldView[] views = [.. CpuidReport.Of(answer).Fields];
        Assert.That(views.Where(view => view.Reason.Kind == ReasonKind.Unexplained)
            .Select(view => $"{CpuidNames.Of(view.Field)} is 0x{view.Value:x}: {view.Reason.Text}"), Is.Empty, what);
        MsrAnswer capabilities = answer.Msrs[0];
        ulong seen = CpuidNames.CapabilitiesOf(answer, capabilities)
            .Aggregate(0UL, (sum, view) => sum | (view.Value ? 1UL << view.Bit.Bit : 0));
        Assert.That(capabilities.Seen, Is.EqualTo(seen), what);
        return views.Length;
    }

    // Any configurable bit but those whose combination the module refuses: leaf 1's signature, HLE and RTM alone.
    private static IEnumerable<CpuidSetting> Settings(CpuidTable table, uint[] picks)
    {
        const uint tsx = 1u << 4 | 1u << 11;
        yield return new CpuidSetting(1, 0, 0, uint.MaxValue, 0);
        foreach (uint pick in picks)
        {
            CpuidEntry entry = table.Configurable[(int)(pick % (uint)table.Configurable.Count)];
            int register = (int)(pick >> 8 & 3), bit = (int)(pick >> 10 & 31);
            uint mask = (entry.ConfigDirect | entry.AllowDirect)[register] & (1u << bit);
            if (entry.Leaf == 7 && register == 1 && (mask & tsx) != 0)
                mask = tsx;
            if (mask != 0 && !(entry.Leaf == 1 && register == 0))
                yield return new CpuidSetting(
                    entry.Leaf, entry.Subleaf == CpuidEntry.NoSubleaf ? 0 : entry.Subleaf, register, mask,
                    (pick >> 16 & 1) != 0 ? mask : 0);
        }
    }
}
