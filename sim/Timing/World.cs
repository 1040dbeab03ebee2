namespace Seamsim.Timing;

/// <summary>Where a cycle of a logical processor went.</summary>
public enum World : byte
{
    /// <summary>Real instructions of the host.</summary>
    Host,

    /// <summary>Host work done in C# and charged from a cost table.</summary>
    HostModelled,

    /// <summary>SEAMCALL, SEAMRET, VM entries and VM exits themselves.</summary>
    Transition,

    /// <summary>SEAM VMX root: P-SEAMLDR and the TDX module.</summary>
    Seam,

    /// <summary>SEAM VMX non-root: a trust domain.</summary>
    Td,

    /// <summary>Nothing to run.</summary>
    Idle,

    /// <summary>Catching up with the latest time-stamp counter any logical processor has read.</summary>
    Sync,
}

/// <summary>Cycles and instructions booked together.</summary>
/// <param name="Cycles">Core cycles.</param>
/// <param name="Instructions">Instructions retired.</param>
public readonly record struct Booked(ulong Cycles, ulong Instructions)
{
    /// <summary>Sum of both columns.</summary>
    public static Booked operator +(Booked a, Booked b) => new(a.Cycles + b.Cycles, a.Instructions + b.Instructions);
}
