using Seamsim.Configuration;

namespace Seamsim.Cli;

/// <summary>A scenario or script that the user names.</summary>
internal static class InputFile
{
    /// <summary>Its text.</summary>
    /// <exception cref="ConfigurationException">There is no name, or no such file, or it cannot be read.</exception>
    public static string Read(string path)
    {
        if (path.Length == 0)
            throw new ConfigurationException("expected the name of a file, not an empty string");
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string what = Directory.Exists(path) ? "this is a directory" : wrong.Message;
            throw new ConfigurationException($"{path}: expected a file that can be read: {what}");
        }
    }
}
