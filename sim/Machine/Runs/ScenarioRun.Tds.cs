using Seamsim.Consistency;
using Seamsim.Explaining;
using Seamsim.Firmware.Abi;
using Seamsim.Guests;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm;
using Seamsim.Host.Vmm.CpuidPrograms;
using Seamsim.Hosting;
using Seamsim.Timing;

namespace Seamsim.Runs;

/// <content>Trust domains: create, run, destroy.</content>
internal sealed partial class ScenarioRun
{
    private readonly List<TdRun> tds = [];
    private readonly Dictionary<TdPlan, TdConfig> configs = [];

    private IEnumerable<TdRun> Chosen(string? name) => tds.Where(td => name is null || td.Plan.Name == name);

    private void Create(string? name)
    {
        foreach (TdPlan plan in scenario.Tds)
        {
            if ((name is not null && plan.Name != name) || tds.Exists(td => td.Plan == plan))
                continue;
            teller.Chapter(Text($"Trust domain {plan.Name}"));
            TellWhy(plan);
            OutputConsole console = new();
            TdConfig config = configs[plan] with
            {
                CpuidProgram = CpuidProgramCatalog.Find(scenario.User.Program)!, Knowledge = KnowledgeFor(plan),
            };
            TdVmm vmm = new(machine.Kvm, config, console);
            TdRun td = new(plan, vmm, console, new TdReport(plan.Name));
            tds.Add(td);
            Report.Tds.Add(td.Report);
            PageLedger before = PageLedger.Of(machine);
            td.IsBuilt = machine.Execute(0, vmm.Build) == Errno.Ok;
            if (td.IsBuilt)
                TellBuilt(td, PageLedger.Of(machine).Since(before));
            else
            {
                td.Report.Refusal = vmm.Reason;
                td.Report.Outcome = Text($"refused: {vmm.Reason.Split(',', '(')[0].TrimEnd()}");
                Refused(Text($"{plan.Name}: {vmm.Reason}"));
                TellLog();
            }
        }
    }

    private void TellWhy(TdPlan plan)
    {
        teller.Say(plan.Gpaw == 52
            ? "CPUID 0x80000008.EAX[23:16] asks for 52 guest-physical address bits; 4-level EPT maps only 48,"
            : "CPUID 0x80000008.EAX[23:16] asks for 48 guest-physical address bits; 4-level EPT maps just that,");
        teller.Say(plan.Gpaw == 52
            ? "so 5-level EPT (EPTP_CONTROLS 0x26), CONFIG_FLAGS.GPAW = 1, and GPA bit 51 tells shared from private"
            : "so 4-level EPT (EPTP_CONTROLS 0x1E), CONFIG_FLAGS.GPAW = 0, and GPA bit 47 tells shared from private");
        teller.Say(Text(
            $"guest {plan.Guest}, {plan.Vcpus} vCPU(s), ATTRIBUTES 0x{plan.Attributes:X}, XFAM 0x{plan.Xfam:X}"));
    }

    private void TellBuilt(TdRun td, in PageLedger pages)
    {
        TdVmm vmm = td.Vmm;
        td.Report.Mrtd = Convert.ToHexStringLower(vmm.Mrtd);
        (td.Report.EptLevels, td.Report.SharedBit) = (vmm.Td!.Ept.Levels, vmm.Td.Ept.SharedBit);
        td.Report.Outcome = "built";
        teller.Say(Text($"TDR at {vmm.Td!.Tdr}, KeyID {vmm.Td.KeyId}, {vmm.Td.Ept.Levels}-level EPT, ")
            + Text($"{vmm.InitialPages} pages added and measured"));
        teller.Say(Text($"pages given to the module: {pages.Given} ({pages.Parts})"));
        foreach (string line in CpuidSummary.Of(vmm.Cpuid))
            teller.Say(line);
        teller.Say(Text($"MRTD {td.Report.Mrtd}"));
    }

    private void Run(string? name)
    {
        teller.Chapter("Running");
        TdRun[] running = [.. Chosen(name).Where(td => td.IsBuilt && !td.IsDestroyed && td.Vmm.End == TdEnd.NotRun)];
        if (running.Length == 0)
            return;
        TdLimits limits = new(machine, [.. running.Select(td => (td.Vmm, td.Plan.MaxInstructions))]);
        HostState host = HostState.Of(machine);
        try
        {
            machine.Execute(0, cpu => RunAll(cpu, running));
        }
        finally
        {
            limits.Dispose();
            foreach (TdRun td in running)
                Conclude(td);
            Report.Clobbered = [.. Report.Clobbered, .. host.ClobberedIn(machine)];
            TellClobbered();
        }
    }

    /// <summary>
    /// Every TD starts on a processor of its own, as far as there are enough; all run at the same time.
    /// </summary>
    private async HostTask<int> RunAll(ICpu cpu, TdRun[] running)
    {
        List<HostTask<TdEnd>> flows = [];
        IReadOnlyList<ICpu> online = [.. machine.Kernel.Cpus.Online];
        for (int i = 0; i < running.Length; i++)
        {
            TdRun td = running[i];
            flows.Add(machine.Kernel.StartOn(cpu, online[i % online.Count], there => td.Vmm.Run(there)));
        }
        foreach (HostTask<TdEnd> flow in flows)
            await flow;
        return 0;
    }

    private void Conclude(TdRun td)
    {
        td.Report.Output = td.Console.Text;
        td.Report.Rtmrs = Inspection.Rtmrs(machine, td.Vmm.Td!);
        foreach (VcpuTdx vcpu in td.Vmm.Td!.TdVcpus)
        {
            string exits =
                string.Join(", ", vcpu.Exits.Select(exit => Text($"{exit.Value} x {ExitNames.Of((int)exit.Key)}")));
            td.Report.Endings.Add(Text($"vCPU {vcpu.Id}: last VP.ENTER {vcpu.LastStatus}; exits: {exits}"));
        }
        foreach (string ending in td.Report.Endings)
            teller.Say(Text($"{td.Plan.Name} {ending}"));
        td.Report.Outcome = td.Vmm.End == TdEnd.Finished ? "finished" : Text($"{td.Vmm.End}: {td.Vmm.Reason}");
        if (td.Vmm.End == TdEnd.Finished)
            teller.Say(Text($"{td.Plan.Name} finished"));
        else if (td.Vmm.End == TdEnd.NotRun)
            Problem(Text($"{td.Plan.Name}: still running when the run ended"));
        else if (td.Vmm.End == TdEnd.HostFailed)
            Refused(Text($"{td.Plan.Name}: {td.Report.Refusal = td.Vmm.Reason}"));
        else
            Problem(Text($"{td.Plan.Name}: {td.Report.Outcome}"));
        CompareViews(td);
        if (td.Vmm.End == TdEnd.HostFailed)
            TellLog();
    }

    private void Destroy(string? name)
    {
        teller.Chapter("Teardown");
        foreach (TdRun td in Chosen(name))
        {
            if (td.IsDestroyed)
                continue;
            td.IsDestroyed = true;
            PageLedger before = PageLedger.Of(machine);
            machine.Execute(0, async cpu =>
            {
                await td.Vmm.Destroy(cpu);
                return 0;
            });
            if (td.Vmm.Td is { IsDestroyed: false })
            {
                Problem(Text($"{td.Plan.Name}: the TD could not be torn down, its pages stay with the module"));
                TellLog();
            }
            else
                TellDestroyed(td, PageLedger.Of(machine).Since(before));
        }
        if (tds.TrueForAll(td => td.IsDestroyed))
            CheckPamt();
    }

    private void TellDestroyed(TdRun td, in PageLedger pages)
    {
        string key = td.Vmm.Td?.IsDestroyed == true ? "vCPUs flushed, KeyID freed" : "KeyID not freed";
        teller.Say(Text($"{td.Plan.Name}: {key}; {pages.TakenBack} pages taken back ")
            + Text($"({pages.Removed} by TDH.MEM.PAGE.REMOVE, {pages.Reclaimed} by TDH.PHYMEM.PAGE.RECLAIM)"));
    }

    private void CheckPamt()
    {
        PageLedger pages = PageLedger.Of(machine);
        teller.Say(Text($"{pages.Given} pages were given to the module for TDs, {pages.TakenBack} came back"));
        List<(ulong Page, PageType Type)> left = Inspection.PagesInUse(machine);
        if (left.Count == 0)
            teller.Say("PAMT: every page is free or reserved again");
        else
            Problem(Text($"{left.Count} page(s) not reclaimed, the first is 0x{left[0].Page:X} ({left[0].Type})"));
    }

    /// <summary>The end of the kernel log: the SEAMCALL that failed, its registers and decoded status.</summary>
    private void TellLog()
    {
        const int lines = 3;
        foreach (string line in machine.KernelLog.TakeLast(lines))
            teller.Say("kernel log: " + line);
    }
}
