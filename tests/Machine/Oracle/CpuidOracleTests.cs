using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Oracle;

namespace Seamsim.Tests.Oracle;

/// <summary>The oracle asks a real module, explains what it answers, and leaves nothing behind.</summary>
[TestFixture]
internal sealed class CpuidOracleTests
{
    private const ulong Cet = 3UL << 11, Avx = 1UL << 2, Avx512 = 7UL << 5, Pt = 1UL << 8, Lbr = 1UL << 15;
    private const ulong Amx = 3UL << 17, AllXfam = 0x6DBE7;

    private Machine machine = null!;

    [OneTimeSetUp]
    public void BringUp()
    {
        machine = new Machine(OraclePlatform.Small());
        machine.BringUp();
    }

    [OneTimeTearDown]
    public void TearDown() => machine.Dispose();

    // leaf, subleaf, register, field | ATTRIBUTES | XFAM | settings | value | reason.
    [TestCase(7u, 0u, 2, "CET_SS", 0UL, 3UL, null, 0u, "off because XFAM bits 11 (CET_U), 12 (CET_S) are 0")]
    [TestCase(7u, 0u, 2, "CET_SS", 0UL, 3 | Cet, null, 1u, "native: the processor has it; XFAM bits 11 (CET_U), 12 (CET_S) are 1")]
    [TestCase(1u, 0u, 2, "AVX", 0UL, 3UL, null, 0u, "off because XFAM bit 2 (AVX) is 0")]
    [TestCase(1u, 0u, 2, "AVX", 0UL, 3 | Avx, null, 1u, "configurable: taken over from the processor")]
    [TestCase(7u, 0u, 1, "AVX512F", 0UL, 3 | Avx | Avx512, "AVX512F=0", 0u, "configurable, left 0 by you")]
    [TestCase(7u, 0u, 1, "RTM", 0UL, 3UL, "RTM=1", 1u, "allowed by you, and the processor has it; reads 0 while the TD's IA32_TSX_CTRL.TSX_CPUID_CLEAR is 1")]
    [TestCase(7u, 0u, 1, "AVX512PF", 0UL, 3 | Avx | Avx512, "AVX512PF=1", 0u, "allowed by you, but the processor lacks it")]
    [TestCase(7u, 0u, 2, "PKS", 0UL, 3UL, null, 0u, "follows ATTRIBUTES.PKS, which is 0")]
    [TestCase(7u, 0u, 2, "PKS", TdAttributes.Pks, 3UL, null, 1u, "follows ATTRIBUTES.PKS, which is 1")]
    [TestCase(7u, 0u, 2, "OSPKE", 0UL, 3UL, null, 0u, "changes while the TD runs: guest CR4.PKE; the TDCS holds 0")]
    [TestCase(0xAu, 0u, 0, "VERSION", 0UL, 3UL, null, 0u, "off because ATTRIBUTES.PERFMON is 0")]
    [TestCase(0xAu, 0u, 0, "VERSION", TdAttributes.Perfmon, 3UL, null, 5u, "native: the processor's value")]
    [TestCase(5u, 0u, 0, "MON_MIN_LINE", 0UL, 3UL, null, 0x40u, "native: the processor's value")]
    [TestCase(5u, 0u, 0, "MON_MIN_LINE", 0UL, 3UL, "MONITOR=0", 0u, "off because MONITOR (0x1.ECX[3]) of the TD is 0")]
    [TestCase(4u, 3u, 0, "CACHE_LEVEL", 0UL, 3UL, "0x4.3.eax=0x43", 2u, "configured by you")]
    [TestCase(1u, 0u, 2, "HYPERVISOR", 0UL, 3UL, null, 1u, "fixed 1 by the module")]
    [TestCase(0x15u, 0u, 1, "TSC_NUMERATOR", 0UL, 3UL, null, 80u, "from TD_PARAMS.TSC_FREQUENCY: 80 x 25 MHz")]
    [TestCase(0x80000008u, 0u, 0, "LA_BITS", 0UL, 3UL, "LA57=0", 48u, "calculated: LA57 (0x7.0.ECX[16]) of the TD is 0")]
    [TestCase(0xDu, 0u, 2, "XSAVE_MAX_SIZE", 0UL, 3UL, null, 576u, "calculated: bytes of an XSAVE area for the user components in XFAM")]
    [TestCase(0xDu, 1u, 0, "XFD", 0UL, 3 | Amx, null, 1u, "calculated: XFAM bit 18 (TILEDATA) is 1, and that component can be faulted")]
    [TestCase(0x1Cu, 0u, 0, "LBR_DEPTHS", 0UL, 3 | Lbr, null, 0xBu, "configurable: taken over from the processor")]
    public void A_field_has_its_value_and_its_reason(
        uint leaf, uint subleaf, int register, string name, ulong attributes, ulong xfam, string? setting, uint value,
        string reason)
    {
        CpuidReport report = Ask(attributes, xfam, setting is null ? [] : [setting]);
        CpuidFieldView view = report.Leaves
            .Single(l => l.Answer.Entry.Leaf == leaf && l.Answer.Entry.Subleaf is var s && (s == subleaf || s == uint.MaxValue))
            .Fields.Single(f => f.Field.Register == register && f.Field.Name == name);
        Assert.That((view.Value, view.Reason.Text), Is.EqualTo(((uint?)value, reason)));
    }

    [TestCase(6u), TestCase(0x1Fu), TestCase(0x80000006u)]
    public void A_leaf_that_faults_is_VE_in_every_field(uint leaf)
    {
        CpuidFieldView[] fields = [.. Ask(0, 3).Fields.Where(view => view.Field.Leaf == leaf)];
        Assert.That(fields, Is.Not.Empty);
        Assert.That(fields.Select(view => (view.Value, view.Reason.Kind)).Distinct(),
            Is.EqualTo(new[] { ((uint?)null, ReasonKind.Ve) }));
    }

    // ATTRIBUTES | XFAM | settings | IA32_ARCH_CAPABILITIES | status | leaf the module named | words.
    [TestCase(TdAttributes.Kl, 3UL, null, null, "TDX_OPERAND_INVALID(ATTRIBUTES)", null, "allows no KL")]
    [TestCase(TdAttributes.Migratable | TdAttributes.Debug, 3UL, null, null, "TDX_OPERAND_INVALID(ATTRIBUTES)", null, "MIGRATABLE excludes DEBUG")]
    [TestCase(0UL, 1UL, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "SSE must be 1")]
    [TestCase(0UL, 3 | 1UL << 11, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "CET_U and CET_S come together")]
    [TestCase(0UL, 3 | Avx | 1UL << 5, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "all or none")]
    [TestCase(0UL, 3 | Avx512, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "AVX-512 needs AVX")]
    [TestCase(0UL, 3 | 1UL << 17, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "TILECFG and TILEDATA (AMX) come together")]
    [TestCase(0UL, 3 | 1UL << 16, null, null, "TDX_OPERAND_INVALID(XFAM)", null, "allow bit 16")]
    [TestCase(0UL, 3UL, "PKU=1", null, "TDX_OPERAND_INVALID(CPUID_CONFIG)", 7u, "you set 0x7.0.ECX[3] PKU, which is XFAM_NATIVE and cannot be configured")]
    [TestCase(0UL, 3UL, "HYPERVISOR=1", null, "TDX_OPERAND_INVALID(CPUID_CONFIG)", 1u, "you set 0x1.ECX[31] HYPERVISOR, which is FIXED")]
    [TestCase(0UL, 3UL, "RTM=0", null, "TDX_OPERAND_INVALID(CPUID_CONFIG)", null, "HLE (0x7.0.EBX[4]) would be 1 and RTM (0x7.0.EBX[11]) 0")]
    [TestCase(0UL, 3UL, "STEPPING=3", null, "TDX_OPERAND_INVALID(CPUID_CONFIG)", 1u, "you set family, model and stepping to 0x806f3")]
    [TestCase(0UL, 3UL, null, 1UL << 7, "TDX_OPERAND_INVALID(IA32_ARCH_CAPABILITIES_CONFIG)", null, "TSX_CTRL cannot be configured (configurable: SSB_NO, RRSBA, BHI_NO, PBRSB_NO)")]
    public void A_refusal_says_what_the_module_refused_and_which_choice_it_was(
        ulong attributes, ulong xfam, string? setting, ulong? capabilities, string status, uint? leaf, string words)
    {
        CpuidAnswer answer = CpuidOracle.Ask(machine, Question(attributes, xfam, setting is null ? [] : [setting])
            with { ArchCapabilities = capabilities });
        CpuidRefusals refusals = new(answer, machine.Kernel.Tdx.Info);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Refusal?.Status.ToString(), Is.EqualTo(status));
            Assert.That(refusals.Named?.Leaf, Is.EqualTo(leaf));
            Assert.That(string.Join('\n', refusals.Lines), Does.Contain(words));
            Assert.That(answer.Leaves.Select(l => l.Value), Has.All.Null);
        }
    }

    [Test]
    public void A_setting_without_a_slot_never_reaches_the_module_and_says_so()
    {
        CpuidAnswer answer = CpuidOracle.Ask(machine, Question(0, 3, ["0x15.0.ebx[3]=1"]));
        Assert.That(new CpuidRefusals(answer, machine.Kernel.Tdx.Info).Lines.Single(),
            Does.StartWith("0x15.EBX[31:0] TSC_NUMERATOR (CONFIG_TSC) cannot be configured: its leaf has no slot"));
    }

    [Test]
    public void A_processor_with_one_half_of_TSX_is_refused_with_its_reason()
    {
        using Machine odd = new(OraclePlatform.Small("0x7.0.ebx[11]=0"));
        odd.BringUp();
        CpuidAnswer answer = CpuidOracle.Ask(odd, new CpuidQuestion
        {
            Settings = [CpuidArguments("RTM=1")],
        });
        Assert.That(new CpuidRefusals(answer, odd.Kernel.Tdx.Info).Lines,
            Has.Some.EqualTo("you allow both, but the processor has only one of them"));
    }

    [Test]
    public void A_TD_with_a_52_bit_guest_physical_address_sees_the_same_CPUID()
    {
        CpuidAnswer wide = CpuidOracle.Ask(machine, Question(0, AllXfam) with { Gpaw = 52 });
        CpuidAnswer narrow = CpuidOracle.Ask(machine, Question(0, AllXfam));
        Assert.That(wide.Leaves.Select(l => l.Value), Is.EqualTo(narrow.Leaves.Select(l => l.Value)));
    }

    [Test]
    public void Asking_leaves_no_page_and_no_key_behind_whatever_the_answer()
    {
        CpuidOracle.Ask(machine, Question(0, 3));
        int pages = machine.Kernel.Pages.PagesInUse;
        for (int i = 0; i < 40; i++)
            CpuidOracle.Ask(machine, Question(i % 3 == 0 ? TdAttributes.Kl : 0, 3));
        Assert.That((machine.Kernel.Pages.PagesInUse, machine.Kernel.Tdx.KeyIds!.InUse), Is.EqualTo((pages, 0)));
    }

    [Test]
    public void A_machine_with_two_packages_can_be_asked_while_it_runs_another_TD()
    {
        using Machine big = new(new Platform { Packages = 2, LpsPerPackage = 2 });
        big.BringUp();
        Td td = big.CreateTd(new TdPlan { Name = "neighbour" });
        CpuidAnswer first = CpuidOracle.Ask(big, new CpuidQuestion());
        CpuidAnswer again = CpuidOracle.Ask(big, new CpuidQuestion());
        Assert.That(again.Leaves, Is.EqualTo(first.Leaves));
        Assert.That(td.Run(out string reason), Is.True, reason);
    }

    [Test]
    public void A_machine_that_is_not_up_cannot_be_asked()
    {
        using Machine cold = new(OraclePlatform.Small());
        Assert.That(() => CpuidOracle.Ask(cold, new CpuidQuestion()), Throws.TypeOf<TdxUnavailableException>());
    }

    [Test]
    public void The_module_enumerates_exactly_the_leaves_that_do_not_fault()
    {
        CpuidAnswer answer = CpuidOracle.Ask(machine, Question(0, 3));
        List<ulong> found = machine.Execute(0, Enumerate);
        IEnumerable<ulong> expected = answer.Leaves.Where(l => l.Value is not null)
            .SelectMany(l => new[] { Id(l.Entry, 0), Id(l.Entry, 1) });
        Assert.That(found, Is.EqualTo(expected));
    }

    [Test]
    public void A_DEBUG_TD_tells_the_host_its_ARCH_CAPABILITIES_and_the_key_shows_the_same()
    {
        CpuidQuestion question = Question(0, 3) with { ArchCapabilities = 1UL << 24 };
        MsrAnswer debug = CpuidOracle.Ask(machine, question with { Attributes = TdAttributes.Debug }).Msrs[0];
        MsrAnswer production = CpuidOracle.Ask(machine, question).Msrs[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((debug.Evidence, production.Evidence),
                Is.EqualTo((MsrEvidence.MetadataRead, MsrEvidence.TdcsThroughKey)));
            Assert.That(debug.Seen, Is.EqualTo(production.Seen));
            Assert.That(debug.Seen >> 24 & 1, Is.EqualTo(1UL), "PBRSB_NO was configured and the processor has it");
        }
    }

    // Version 1 of TDH.MNG.RD returns the next field in RDX.
    private async HostTask<List<ulong>> Enumerate(ICpu cpu)
    {
        const byte cpuidClass = 0x14;
        machine.Kernel.Tdx.KeyIds!.TryAllocate(out KeyId keyId);
        OracleTd td = new(machine.Kernel);
        await td.Create(cpu, keyId);
        await td.Initialize(cpu, TdParameters.Fill(new CpuidQuestion(), 80, []));
        List<ulong> found = [];
        FieldId field = TdFields.CpuidValues(1, null, 0)!.Value;
        while (field.Class == cpuidClass && !field.IsNull)
        {
            found.Add(Normal(field));
            SeamcallArguments arguments = new() { Rcx = td.Tdr.Value, Rdx = field.Value };
            field = new FieldId((await machine.Kernel.Seam.Call(cpu, SeamcallLeaf.TDH_MNG_RD, arguments, version: 1)).Rdx);
        }
        await td.Destroy(cpu);
        machine.Kernel.Tdx.KeyIds.Free(keyId);
        return found;
    }

    private static ulong Id(CpuidEntry entry, int half) => Normal(
        TdFields.CpuidValues(entry.Leaf, entry.Subleaf == CpuidEntry.NoSubleaf ? null : entry.Subleaf, half)!.Value);

    // "No sub-leaf" is bit 8; the sub-leaf below it then means nothing.
    private static ulong Normal(FieldId id) => (id.Value >> 8 & 1) != 0 ? id.Value & ~0xFEUL : id.Value;

    private CpuidSetting CpuidArguments(string text) => Cli.CpuidArguments.Setting(text, machine.Tables);

    private CpuidQuestion Question(ulong attributes, ulong xfam, params string[] settings) => new()
    {
        Attributes = attributes,
        Xfam = xfam,
        Settings = [.. settings.Select(CpuidArguments)],
    };

    private CpuidReport Ask(ulong attributes, ulong xfam, params string[] settings)
    {
        CpuidAnswer answer = CpuidOracle.Ask(machine, Question(attributes, xfam, settings));
        Assert.That(answer.Refusal, Is.Null);
        return CpuidReport.Of(answer);
    }
}

/// <summary>The smallest platform, with a processor that may differ.</summary>
internal static class OraclePlatform
{
    public static Platform Small(params string[] differences) => new()
    {
        LpsPerPackage = 1,
        MemoryBytes = 1UL << 30,
        CpuDiffers = [.. differences.Select(text => LpOverride.TryParse(text, out LpOverride d, out string expected)
            ? d
            : throw new ArgumentException(expected))],
    };
}
