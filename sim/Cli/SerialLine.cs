using System.Text;
using Seamsim.Configuration;

namespace Seamsim.Cli;

/// <summary>
/// Where the bytes of a serial port go: a file, stdout, or a text in the results when stdout has to be JSON.
/// </summary>
internal sealed class SerialLine : IDisposable
{
    private readonly MemoryStream? kept;

    /// <summary>Opens it.</summary>
    /// <param name="terminal">The streams of the invocation.</param>
    /// <param name="path">A path, or - for stdout.</param>
    /// <exception cref="ConfigurationException">The file cannot be written.</exception>
    public SerialLine(Terminal terminal, string path)
    {
        if (path == "-")
            Stream = terminal.Json ? kept = new MemoryStream() : new BufferedStream(terminal.Bytes());
        else
            Stream = Open(path);
    }

    /// <summary>Where to write.</summary>
    public Stream Stream { get; }

    /// <summary>What was written, when it is a part of the results; else null.</summary>
    public string? Text => kept is null ? null : Encoding.UTF8.GetString(kept.ToArray());

    /// <inheritdoc/>
    public void Dispose() => Stream.Dispose();

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"--serial {path}: expected a file that can be written: {wrong.Message}");
        }
    }
}
