namespace Seamsim.Configuration;

/// <summary>A scenario, script or image that the user names.</summary>
internal static class InputFile
{
    /// <summary>Its text.</summary>
    /// <exception cref="ConfigurationException">There is no name, or no such file, or it cannot be read.</exception>
    public static string Read(string path) => Read(path, File.ReadAllText);

    /// <summary>Its bytes.</summary>
    /// <exception cref="ConfigurationException">There is no name, or no such file, or it cannot be read.</exception>
    public static byte[] ReadBytes(string path) => Read(path, File.ReadAllBytes);

    private static T Read<T>(string path, Func<string, T> read)
    {
        if (path.Length == 0)
            throw new ConfigurationException("expected the name of a file, not an empty string");
        try
        {
            return read(path);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string what = Directory.Exists(path) ? "this is a directory" : wrong.Message;
            throw new ConfigurationException($"{path}: expected a file that can be read: {what}");
        }
    }
}
