using Seamsim.Trace;

namespace Seamsim.Tracing;

/// <summary>What the recorder knows of one logical processor.</summary>
internal sealed class RecordedLp
{
    /// <summary>Whether it is among the processors to be recorded.</summary>
    public bool Chosen { get; init; }

    /// <summary>Whether it is recorded at the moment.</summary>
    public bool On { get; set; }

    /// <summary>The clock at which recording stopped.</summary>
    public ulong OffSince { get; set; }

    /// <summary>Where it runs.</summary>
    public TraceWorld World { get; set; }

    /// <summary>What the stream was last told of that.</summary>
    public TraceWorld? ToldWorld { get; set; }

    /// <summary>Its address space, numbered by the recorder.</summary>
    public AddressSpaceEntry Space { get; set; } = new(0, 0, 0);

    /// <summary>What the stream was last told of that.</summary>
    public ulong? ToldSpace { get; set; }

    /// <summary>RFLAGS as recorded last.</summary>
    public ulong? Rflags { get; set; }

    /// <summary>The transition whose cost is charged and that is not complete yet.</summary>
    public ulong TransitionCycles { get; set; }

    /// <summary>RAX of the SEAMCALL under way.</summary>
    public ulong? Leaf { get; set; }

    /// <summary>The latest VM exit is a TDCALL.</summary>
    public bool ExitIsTdcall { get; set; }
}

/// <summary>An address space.</summary>
/// <param name="Number">Its number in the trace.</param>
/// <param name="Cr3">CR3, 0 without paging.</param>
/// <param name="Eptp">EPTP, 0 outside non-root operation.</param>
internal sealed record AddressSpaceEntry(ulong Number, ulong Cr3, ulong Eptp)
{
    /// <summary>Linear page: guest-physical page, host-physical page with KeyID.</summary>
    public Dictionary<ulong, (ulong GuestPhysical, ulong Physical)> Pages { get; } = [];

    /// <summary>Pages the stream has not been told of.</summary>
    public HashSet<ulong> Untold { get; } = [];
}
