using Seamsim.Timing.Blocks;

namespace Seamsim.Configuration;

/// <summary>The pipeline parameters of a core that a user names: shipped, or a file.</summary>
internal static class PipelineFile
{
    /// <summary>What a file's name ends with.</summary>
    public const string Ending = ".csv";

    /// <summary>The parameters of a file, with the table of instructions beside it when it names one of its own.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or is none of parameters.</exception>
    public static PipelineParameters Read(string path)
    {
        try
        {
            return PipelineParameters.Parse(path, InputFile.Read(path), table => Table(path, table));
        }
        catch (InvalidDataException wrong)
        {
            throw new ConfigurationException(wrong.Message, wrong);
        }
    }

    private static string? Table(string parameters, string table)
    {
        string beside = Path.Combine(Path.GetDirectoryName(parameters) ?? "", table);
        return File.Exists(beside) ? InputFile.Read(beside) : null;
    }
}
