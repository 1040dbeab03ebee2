namespace Seamsim.Host.Vmm.CpuidPrograms;

/// <summary>All programs; the first is the default.</summary>
public static class CpuidProgramCatalog
{
    /// <summary>adaptive, old, aware.</summary>
    public static IReadOnlyList<ICpuidProgram> All { get; } =
        [new AdaptiveProgram(), new OldProgram(), new AwareProgram()];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(program => program.Name)];

    /// <summary>The program a VMM has that says nothing.</summary>
    public static ICpuidProgram Default => All[0];

    /// <summary>A program by name; null when there is none.</summary>
    public static ICpuidProgram? Find(string name) => All.FirstOrDefault(program => program.Name == name);
}
