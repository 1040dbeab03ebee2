using System.CommandLine;
using Seamsim.BareMetal;
using Seamsim.Configuration;
using Seamsim.Loading;
using Seamsim.Runs;

namespace Seamsim.Cli;

/// <summary><c>seamsim boot IMAGE</c>: run bare-metal software on a machine without TDX.</summary>
internal static class BootVerb
{
    /// <summary>What it is for.</summary>
    public const string Description =
        "Boot a bare-metal Multiboot image: COM1 goes to stdout, port 0xF4 ends the run with "
        + "(value << 1) | 1 as exit code; any other end is 1.";

    /// <summary>The verb.</summary>
    public static Command Create(GlobalOptions global)
    {
        BootOptions options = new();
        Command command = new("boot", Description);
        options.AddTo(command);
        command.SetAction(result => Run(new Terminal(result, global), options.Read(result)));
        return command;
    }

    private static int Run(Terminal terminal, BootRequest request)
    {
        byte[] file = InputFile.ReadBytes(request.Image);
        MultibootImage image = MultibootImage.Read(file, out string wrong)
            ?? throw new ConfigurationException($"{request.Image}: {wrong}");
        if (request.Directory is not null)
            RunDirectory.Create(request.Directory);
        using SerialLine serial = new(terminal, request.Serial);
        using Pc pc = new(request.Pc, serial.Stream);
        if (!pc.TryLoad(image, request.CommandLine, request.Modules, out wrong))
            throw new ConfigurationException($"{request.Image}: {wrong}");
        PcEnd end = Play(pc, request);
        if (request.Directory is not null)
            PcStats.Write(request.Directory, pc, end);
        BootPrinter.Finish(terminal, pc, end, serial.Text);
        return end.Kind == PcEndKind.Exit ? end.Code : ExitCode.Fail;
    }

    private static PcEnd Play(Pc pc, BootRequest request)
    {
        using InterruptKey cancel = new(pc.Cancel);
        try
        {
            return pc.Run();
        }
        catch (Exception bug) when (bug is not IOException)
        {
            throw new InternalErrorException(bug, request.Pc.Seed, request.Image);
        }
    }
}
