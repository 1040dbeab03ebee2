using Seamsim.Consistency;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Runs;

/// <content>
/// What the VMM's author knew, the platform before an upgrade, and the three views of a TD's CPUID.
/// </content>
internal sealed partial class ScenarioRun
{
    private readonly Dictionary<string, CpuidKnowledge> knowledge = [];
    private ScenarioRun? before;
    private bool learns;

    /// <summary>The same program, TDs and steps on the platform as it was.</summary>
    private ScenarioRun PlayBefore(UpgradePlan upgrade)
    {
        teller.Chapter("Before the upgrade");
        Platform platform = scenario.Platform.With(upgrade.Module) with { CpuDiffers = upgrade.CpuDiffers, Forced = [] };
        using Machine old = new(platform);
        machine.Companion = old;
        Scenario story = scenario with { Platform = platform, Upgrade = null, RecordsRefusals = true };
        ScenarioRun run = new(old, story, new SilentTeller()) { learns = true };
        run.Play();
        machine.Companion = null;
        foreach (TdReport td in run.Report.Tds)
            teller.Say(Text($"TDX module {upgrade.Module.Name}: {td.Name}: {td.Outcome}"));
        if (run.Report.Problems.Count > 0)
            Problem($"before the upgrade: {run.Report.Problems[0]}");
        return run;
    }

    /// <summary>
    /// What the program's author knew: the configurable bits of the module it was written for, and what a TD counted
    /// there under the same KVM. A program that goes by what it is told needs neither.
    /// </summary>
    private CpuidKnowledge KnowledgeFor(TdPlan plan)
    {
        if (knowledge.TryGetValue(plan.Name, out CpuidKnowledge? known))
            return known;
        CpuidConfig[] present = Configurable(machine.Platform.ModuleDefinition.Tables);
        UnknownBits unknown = Enum.Parse<UnknownBits>(scenario.User.UnknownBits, ignoreCase: true);
        if (before is not null)
            known = before.KnowledgeFor(plan);
        else if (learns || scenario.User.Program != CpuidProgramCatalog.Default.Name)
            known = new CpuidKnowledge { Known = present, Believed = CountBeforehand(plan) };
        else
            known = new CpuidKnowledge();
        known = known with { Documented = present, Unknown = unknown };
        return knowledge[plan.Name] = known;
    }

    /// <summary>CPUID as a TD of this plan counts it; nothing when KVM or the module refuses such a TD.</summary>
    private KvmCpuidEntry2[] CountBeforehand(TdPlan plan)
    {
        TdVmm scout = new(machine.Kvm, Machine.ConfigOf(plan with { Guest = "census", Vcpus = 1 }, ""), new OutputConsole());
        if (machine.Execute(0, scout.Build) == Errno.Ok)
            machine.Execute(0, scout.Run);
        CensusReport? census = CensusReport.Parse(scout.Report);
        machine.Execute(0, async cpu =>
        {
            await scout.Destroy(cpu);
            return 0;
        });
        return census is null ? [] : [.. census.Entries];
    }

    private static CpuidConfig[] Configurable(ModuleTables tables) =>
    [
        .. tables.Cpuid.Configurable.Select(entry => new CpuidConfig(
            entry.Leaf, entry.Subleaf, new CpuidValue(
                entry.ConfigDirect.Eax, entry.ConfigDirect.Ebx, entry.ConfigDirect.Ecx, entry.ConfigDirect.Edx))),
    ];

    private void CompareViews(TdRun td)
    {
        td.Report.Consistency = TdConsistency.Of(td.Vmm, machine.Kvm, machine.Platform.ModuleDefinition.Tables);
        if (td.Report.Consistency is not { } now)
            return;
        teller.Say(Text($"{td.Plan.Name} CPUID: TD and KVM differ in {now.TdKvm.Count} bits, TD and VMM in ")
            + Text($"{now.TdUser.Count}; {now.UnknownToKvm.Count} features KVM does not support"));
        if (before?.Report.Tds.Find(old => old.Name == td.Plan.Name) is not { } old)
            return;
        if (old.Consistency is null)
        {
            td.Report.Outcome += $"; before: {old.Outcome}";
            return;
        }
        td.Report.Before = old.Consistency;
        UpgradeEffect effect = UpgradeEffect.Of(old.Consistency, now);
        td.Report.Effect = effect;
        td.Report.Outcome = effect.Words;
        teller.Say(Text($"{td.Plan.Name} after the upgrade: {effect.Words}"));
        foreach (CpuidBit bit in effect.Lost.Concat(effect.Gained))
            teller.Say(Text($"  {bit} is {(now.Td.Has(bit) ? 1 : 0)}; KVM holds {(now.Kvm.Has(bit) ? 1 : 0)}, ")
                + Text($"the VMM believes {(now.User.Has(bit) ? 1 : 0)}"));
    }

    private void TellClobbered()
    {
        foreach (ClobberedMsr msr in Report.Clobbered)
            teller.Say(Text($"LP {msr.Lp}: MSR 0x{msr.Msr:X} of the host was 0x{msr.Before:X} and is 0x{msr.Now:X}"));
    }
}
