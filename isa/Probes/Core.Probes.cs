using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Probes;

namespace Seamsim.Isa.State;

// Observation of one logical processor. Null costs one comparison on slow paths, and nothing in handlers.
public sealed unsafe partial class Core
{
    /// <summary>The stream this processor writes to; null when nobody watches.</summary>
    public ProbeStream? Probe { get; private set; }

    /// <summary>What <see cref="ProbeStream.Mode"/> said last.</summary>
    internal (ulong Small, ulong Cr3) ProbedMode { get; set; }

    /// <summary>The guest-physical address of the latest data reference, for translations.</summary>
    private ulong probedGuestPhysical;

    /// <summary>Attaches a stream, or detaches it: all blocks are decoded anew. Only between two runs.</summary>
    internal void Observe(ProbeStream? stream)
    {
        Probe = stream;
        if (stream is null || !stream.SeesMemory)
            UseProbe<NoProbe>();
        else if ((stream.Aspects & ProbeAspects.Values) == ProbeAspects.Values)
            UseProbe<ValueProbe>();
        else
            UseProbe<AddressProbe>();
        cache.DropAll();
    }

    /// <summary>Runs what the machine does for its own sake, e.g. inspection, out of sight.</summary>
    internal ProbeStream? HideProbe()
    {
        ProbeStream? hidden = Probe;
        Probe = null;
        return hidden;
    }

    /// <summary>Ends <see cref="HideProbe"/>.</summary>
    internal void ShowProbe(ProbeStream? hidden) => Probe = hidden;
}
