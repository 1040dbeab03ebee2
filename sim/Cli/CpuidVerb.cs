using System.CommandLine;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Oracle;

namespace Seamsim.Cli;

/// <summary><c>seamsim cpuid</c>: which CPUID will a TD see, why each bit, and what changes between modules?</summary>
internal static class CpuidVerb
{
    private const int LinesOfFailure = 2;

    /// <summary>What it is for.</summary>
    public const string Description =
        "Create a TD, read the CPUID it will see from the module, and say why each bit is what it is.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        CpuidOptions options = new();
        Command command = new("cpuid", Description);
        options.AddTo(command);
        command.SetAction(result =>
        {
            Terminal terminal = new(result, global);
            CpuidRequest request = options.Read(result);
            if (request.Csv && terminal.Json)
                throw new ConfigurationException("seamsim cpuid: expected one of --json and --csv, not both");
            try
            {
                return request.Compared is { } modules
                    ? CpuidCompare.Run(terminal, request, modules)
                    : Show(terminal, request);
            }
            catch (Exception failed) when (failed is TdxUnavailableException or MachineStoppedException)
            {
                terminal.Error($"seamsim cpuid: {failed.Message}");
                return ExitCode.Fail;
            }
        });
        return command;
    }

    private static int Show(Terminal terminal, CpuidRequest request)
    {
        using Machine machine = new(request.Platform(request.Module));
        using InterruptKey cancel = new(machine.Cancel);
        CpuidAnswer answer = Ask(machine, request);
        CpuidPrinter printer = new(terminal, request, machine.Platform);
        CpuidRefusals refusals = new(answer, machine.Kernel.Tdx.Info);
        if (refusals.Lines.Count > 0)
        {
            printer.Refused(answer, refusals);
            return ExitCode.Fail;
        }
        CpuidReport report = CpuidReport.Of(answer);
        if (terminal.Json)
            terminal.Line(CpuidJson.Of(report, request, machine.Platform));
        else if (request.Csv)
            terminal.Text(CpuidCsv.Of(report, request));
        else
            printer.Print(report);
        return ExitCode.Pass;
    }

    /// <summary>Brings the machine up and asks its module.</summary>
    /// <exception cref="ConfigurationException">A setting names what the module does not know.</exception>
    public static CpuidAnswer Ask(Machine machine, CpuidRequest request)
    {
        ModuleTables tables = machine.Tables;
        CpuidQuestion question = request.Question with
        {
            Settings = [.. request.Settings.Select(text => CpuidArguments.Setting(text, tables))],
        };
        try
        {
            machine.BringUp();
            return CpuidOracle.Ask(machine, question);
        }
        catch (TdxUnavailableException failed) when (machine.KernelLog.Count >= LinesOfFailure)
        {
            // A SEAMCALL that failed has two lines: its registers, then the status in words.
            throw new TdxUnavailableException(
                $"{failed.Message}; {machine.KernelLog[^LinesOfFailure]}", failed);
        }
        catch (Exception bug) when (bug is not (TdxUnavailableException or MachineStoppedException))
        {
            throw new InternalErrorException(bug, machine.Platform.Seed, request.ToString());
        }
    }
}
