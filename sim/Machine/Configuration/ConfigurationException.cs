namespace Seamsim.Configuration;

/// <summary>
/// A scenario, script or override that cannot be used: the message names the place and what was expected there. The
/// command line answers it with exit code 2.
/// </summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>An empty complaint.</summary>
    public ConfigurationException()
    {
    }

    /// <summary>
    /// A complaint with its place in the text, e.g. <c>my.toml:12: platform.packages: expected …</c>.
    /// </summary>
    public ConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>A complaint with its cause.</summary>
    public ConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ConfigurationException(Origin origin, string what)
        : base($"{origin}: {what}")
    {
    }
}
