using System.Security.Cryptography;
using Seamsim.Host.Guests;

namespace Seamsim.Configuration;

/// <summary>
/// Files that settings name: guests, overlays of the TDX module, and core parameters. A relative name starts at the file in which it was
/// written; a run's own configuration lies elsewhere and must name them from there.
/// </summary>
internal sealed class InputFiles(string directory)
{
    private readonly Dictionary<string, string> digests = [];
    private readonly HashSet<string> seen = [];

    /// <summary>Whether a guest is asked about for the first time.</summary>
    public bool IsNew(string guest) => seen.Add(guest);

    /// <summary>A copy in which <paramref name="rename"/> has been applied to the name of every file.</summary>
    /// <exception cref="ConfigurationException">There is no such file.</exception>
    public TableSetting Map(TableSetting table, Func<string, string> rename)
    {
        TableSetting copy = new(table.Origin);
        foreach (string key in table.Keys)
            copy.Set(key, Map(key, table[key]!, rename));
        return copy;
    }

    /// <summary>A file's content, condensed: the same file elsewhere is the same input.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public string Digest(string path)
    {
        if (digests.TryGetValue(path, out string? known))
            return known;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return digests[path] = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: expected a file that can be read: {wrong.Message}");
        }
    }

    /// <summary>
    /// Names files from a directory: relative, so that everything can move together; absolute where a symbolic link on
    /// the way would lead ".." elsewhere.
    /// </summary>
    public static Func<string, string> From(string directory)
    {
        string full = Path.GetFullPath(directory);
        bool linked = false;
        for (DirectoryInfo? at = new(full); at is not null; at = at.Parent)
            linked |= at.LinkTarget is not null;
        return file => linked ? Path.GetFullPath(file) : Path.GetRelativePath(full, Path.GetFullPath(file));
    }

    private Setting Map(string key, Setting value, Func<string, string> rename) => value switch
    {
        TableSetting table                                          => Map(table, rename),
        ListSetting list                                            =>
            new ListSetting([.. list.Items.Select(item => Map(key, item, rename))], list.Origin),
        ScalarSetting { Value: string text } when IsFile(key, text) =>
            new ScalarSetting(rename(Find(key, text, value.Origin)), value.Origin),
        _                                                           => value,
    };

    private static bool IsFile(string key, string text) => key switch
    {
        "guest"  => BuiltInGuests.Find(text) is null,
        "module" or "from_module" => text.EndsWith(".toml", StringComparison.Ordinal),
        "timing_parameters" or "timing_core" => text.EndsWith(".csv", StringComparison.Ordinal),
        _        => false,
    };

    private string Find(string key, string text, Origin origin)
    {
        string start = origin.Line == 0 ? directory : Path.GetDirectoryName(origin.Source) ?? "";
        string path = Path.Combine(start, text);
        if (File.Exists(path))
            return path;
        string builtIn = key == "guest" ? $"one of {string.Join(", ", BuiltInGuests.Names)}, or " : "";
        throw new ConfigurationException(origin, $"{key}: \"{text}\": expected {builtIn}a file, and there is no {path}");
    }
}
