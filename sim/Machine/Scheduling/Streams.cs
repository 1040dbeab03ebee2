namespace Seamsim.Scheduling;

/// <summary>The independent random streams that come out of one seed.</summary>
internal static class Streams
{
    /// <summary>Ties and quantum lengths.</summary>
    public const ulong Scheduler = 1;

    /// <summary>Keys of the memory encryption.</summary>
    public const ulong Memory = 2;

    /// <summary>RDRAND and RDSEED; one stream for every logical processor from here on.</summary>
    public const ulong Entropy = 0x100;
}
