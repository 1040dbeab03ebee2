using System.CommandLine;
using System.Globalization;
using Seamsim.BareMetal;
using Seamsim.Configuration;
using Seamsim.Isa.Models;
using Seamsim.Loading;
using Seamsim.Timing;

namespace Seamsim.Cli;

/// <summary>What <c>seamsim boot</c> is asked to do.</summary>
/// <param name="Image">Path of the image.</param>
/// <param name="CommandLine">The image's command line: its path, then what the user appends.</param>
/// <param name="Modules">What is loaded with it.</param>
/// <param name="Serial">Where COM1 goes: a path, or - for stdout.</param>
/// <param name="Directory">Run directory; null writes none.</param>
/// <param name="Pc">The machine.</param>
internal sealed record BootRequest(
    string Image, string CommandLine, IReadOnlyList<MultibootModule> Modules, string Serial, string? Directory,
    PcOptions Pc);

/// <summary>The options of <c>seamsim boot</c>.</summary>
internal sealed class BootOptions
{
    private const ulong Mebibyte = 1 << 20;

    private readonly Argument<string> image = new("image")
        { Description = "Multiboot image: an ELF file of either class, or a file whose header has the addresses." };

    private readonly Option<string?> append = new("--append") { Description = "The image's command line." };

    private readonly Option<string[]> modules = new("--module")
        { Description = "FILE or FILE=ARGUMENTS: a Multiboot module; repeatable." };

    private readonly Option<string> memory = new("--memory")
        { Description = "RAM, such as 64M or 2G (whole MiB, 2M..4T).", DefaultValueFactory = _ => "1G" };

    private readonly Option<string> cpus = new("--cpus")
        { Description = "Logical processors, 1..64; all but the first wait for INIT and start-up IPIs.",
          DefaultValueFactory = _ => "1" };

    private readonly Option<string> cpu = new("--cpu")
        { Description = $"CPU model: {string.Join(", ", Machine.CpuModels)}.",
          DefaultValueFactory = _ => Machine.CpuModels[0] };

    private readonly Option<string> timing = new("--timing")
        { Description = $"Cost model: {string.Join(", ", CostModels.All)}.",
          DefaultValueFactory = _ => CostModels.All.First() };

    private readonly Option<string[]> settings = new("-c", "--config")
        { Description = "timing_parameters=FILE or timing_core=NAME or FILE, for --timing interval, as in a scenario; "
            + "repeatable." };

    private readonly Option<string> instructions = new("--max-instructions")
        { Description = "Instructions all processors together may execute.",
          DefaultValueFactory = _ => new PcOptions().MaxInstructions.ToString(CultureInfo.InvariantCulture) };

    private readonly Option<string> serial = new("--serial")
        { Description = "Where the bytes of COM1 go: a file, or - for stdout.", DefaultValueFactory = _ => "-" };

    private readonly Option<bool> testDevice = new("--test-device")
        { Description = "Add QEMU's pc-testdev: ports 0xE0..0xE3 and 64 KiB at 0xFF000000 that hold what is written." };

    private readonly Option<string?> directory = new("-d", "--directory")
        { Description = "Run directory: stats.txt, stats.json; under interval also worlds.csv (CPI stack), topdown.csv, "
            + "plots of them, and profile.json, which profile --compare reads." };

    private readonly Option<string> seed = new("--seed")
        { Description = "Seed of the run.", DefaultValueFactory = _ => "1" };

    /// <summary>Adds them to the verb.</summary>
    public void AddTo(Command command)
    {
        image.Validators.Add(found =>
        {
            if (found.Tokens.Count > 0 && found.Tokens[0].Value.StartsWith('-'))
                found.AddError($"{found.Tokens[0].Value}: no such option");
        });
        command.Add(image);
        foreach (Option option in
            (Option[])[append, modules, memory, cpus, cpu, timing, settings, instructions, serial, testDevice, directory,
                seed])
            command.Add(option);
    }

    /// <summary>What the command line asks for.</summary>
    /// <exception cref="ConfigurationException">A value cannot be used.</exception>
    public BootRequest Read(ParseResult result)
    {
        string path = result.GetRequiredValue(image);
        string appended = result.GetValue(append) is { Length: > 0 } text ? " " + text : "";
        string model = result.GetRequiredValue(cpu), time = result.GetRequiredValue(timing);
        PcOptions pc = new()
        {
            MemoryBytes = Bytes(result.GetRequiredValue(memory)),
            Processors = (int)Number("--cpus", result.GetRequiredValue(cpus), 1, PcOptions.MaximumProcessors),
            Cpu = CpuModel.Exists(model) ? model : throw Wrong("--cpu", model, string.Join(", ", Machine.CpuModels)),
            Costs = CostModels.All.Contains(time)
                ? TimingReader.Read([$"timing={time}", .. result.GetValue(settings) ?? []])
                : throw Wrong("--timing", time, string.Join(", ", CostModels.All)),
            MaxInstructions =
                Number("--max-instructions", result.GetRequiredValue(instructions), 1, long.MaxValue),
            TestDevice = result.GetValue(testDevice),
            Seed = Number("--seed", result.GetRequiredValue(seed), 0, ulong.MaxValue),
        };
        return new BootRequest(path, path + appended, [.. (result.GetValue(modules) ?? []).Select(Module)],
            result.GetRequiredValue(serial), result.GetValue(directory), pc);
    }

    private static MultibootModule Module(string text)
    {
        string[] sides = text.Split('=', 2);
        return new MultibootModule(
            sides[0], InputFile.ReadBytes(sides[0]), sides.Length == 2 ? $"{sides[0]} {sides[1]}" : sides[0]);
    }

    private static ulong Bytes(string text)
    {
        const string expected = "a size such as 64M or 2G, whole MiB, 2M..4T";
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0,
        };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            || number > PcMemoryMap.MaximumBytes >> shift)
            throw Wrong("--memory", text, expected);
        ulong bytes = number << shift;
        return bytes >= PcMemoryMap.MinimumBytes && bytes % Mebibyte == 0
            ? bytes
            : throw Wrong("--memory", text, expected);
    }

    private static ulong Number(string option, string text, ulong minimum, ulong maximum) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            && number >= minimum && number <= maximum
            ? number
            : throw Wrong(option, text, $"an integer {minimum}..{maximum}");

    private static ConfigurationException Wrong(string option, string text, string expected) =>
        new($"seamsim boot: {option} {text}: expected {expected}");
}
