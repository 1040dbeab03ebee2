using Seamsim.Host.Kernel;

namespace Seamsim;

/// <summary>TDX, or one TD, cannot be had on this machine; the kernel log says why.</summary>
public sealed class TdxUnavailableException : Exception
{
    /// <summary>A failure without a reason.</summary>
    public TdxUnavailableException()
    {
    }

    /// <summary>A failure with its reason in words.</summary>
    public TdxUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public TdxUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal TdxUnavailableException(string what, Errno error, IReadOnlyList<string> log)
        : base($"{what}: -{error}" + (log.Count == 0 ? "" : $" (kernel log: {log[^1]})"))
    {
    }
}
