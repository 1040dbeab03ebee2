using System.Globalization;

namespace Seamsim.Runs;

/// <summary>
/// Plays a scenario step by step. What fails becomes a problem of the report, and the run goes on to tear down.
/// </summary>
internal sealed partial class ScenarioRun(Machine machine, Scenario scenario, IStoryTeller teller)
{
    /// <summary>What has become of the run so far.</summary>
    public RunReport Report { get; } = new();

    /// <summary>Plays every step.</summary>
    public void Play()
    {
        // A guest that cannot be loaded is a wrong scenario: say so before anything runs.
        foreach (TdPlan plan in scenario.Tds)
            configs[plan] = Machine.ConfigOf(plan, scenario.Directory);
        TellPlatform();
        try
        {
            if (scenario.Upgrade is { } upgrade)
                before = PlayBefore(upgrade);
            foreach (Step step in scenario.Steps)
                Play(step);
            Report.Complete = true;
        }
        catch (MachineStoppedException stopped)
        {
            Problem($"the run stopped: {stopped.Message}");
        }
        catch (TdxUnavailableException failed)
        {
            Report.Refusal = failed.Message;
            Report.Complete = scenario.RecordsRefusals;
            Refused(failed.Message);
            TellLog();
        }
    }

    private void Play(Step step)
    {
        switch (step.Verb)
        {
            case "load":
                Load();
                break;
            case "init":
                Initialise();
                break;
            case "create":
                Create(step.Td);
                break;
            case "run":
                Run(step.Td);
                break;
            case "destroy":
                Destroy(step.Td);
                break;
            default:
                break;
        }
    }

    private void TellPlatform()
    {
        Platform platform = machine.Platform;
        teller.Chapter("Platform");
        teller.Say(Text(
            $"{platform.Packages} package(s) x {platform.LpsPerPackage} logical processors, {platform.Cpu}, ")
            + Text($"{platform.MemoryBytes >> 20} MiB RAM, seed {platform.Seed}"));
        teller.Say(Text($"MAXPHYADDR {platform.PhysicalAddressBits} with {platform.KeyIdBits} KeyID bits: ")
            + Text($"KeyIDs 1..{platform.MktmeKeyIds} for any software, ")
            + Text($"{platform.Keys.FirstPrivate}..{platform.Keys.LastPrivate} ")
            + (platform.Ept5 ? "private; EPT has 4 or 5 levels" : "private; EPT has 4 levels"));
    }

    private void Load()
    {
        teller.Chapter("P-SEAMLDR and TDX module");
        machine.Advance(StartState.Loader);
        teller.Say(Text($"VMXON on {machine.Platform.LpCount} logical processors"));
        machine.Advance(StartState.Installed);
        teller.Say(Text(
            $"SEAMLDR.INSTALL on every logical processor: TDX module {machine.Platform.ModuleDefinition} ")
            + Text($"is in the SEAM range, {machine.Platform.SeamBytes >> 20} MiB at 0x{machine.Platform.SeamBase:X}"));
    }

    private void Initialise()
    {
        teller.Chapter("TDX bring-up");
        machine.Advance(StartState.Ready);
        Host.Kernel.TdxHost tdx = machine.Kernel.Tdx;
        Host.Kernel.TdxSysInfo info = tdx.Info;
        teller.Say(Text($"TDH.SYS.INIT once, TDH.SYS.LP.INIT on {machine.Platform.LpCount} logical processors"));
        teller.Say(Text($"the module tells: TDCS of {info.TdcsPages} pages, TDVPS of {info.TdvpsPages}, ")
            + Text($"{info.CpuidConfigs.Count} configurable CPUID leaves, up to {info.Limits.MaxTdmrs} TDMRs"));
        foreach (Host.Kernel.Tdmr tdmr in tdx.Tdmrs)
            teller.Say(Text(
                $"TDMR 0x{tdmr.Base:X}..0x{tdmr.End:X}: PAMT {tdmr.PamtBytes >> 10} KiB at 0x{tdmr.PamtBlock:X}, ")
                + Text($"reserved areas: {tdmr.Reserved.Count}"));
        teller.Say(Text($"KeyID {tdx.KeyIds!.Global} is the module's own, its key set on every package; ")
            + Text($"{tdx.KeyIds.GuestCount} are left for TDs from {tdx.KeyIds.GuestStart} on"));
    }

    private void Problem(string text)
    {
        Report.Problems.Add(text);
        teller.Problem(text);
    }

    /// <summary>An outcome in a run that records refusals, a problem in any other.</summary>
    private void Refused(string text)
    {
        if (scenario.RecordsRefusals)
            teller.Say("refused: " + text);
        else
            Problem(text);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
