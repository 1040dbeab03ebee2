using Seamsim.Isa.Apic;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Models;

/// <summary>
/// What the logical processors of a platform share besides memory: model, key engines, APIC bus, SEAM registers.
/// </summary>
public sealed class Uncore
{
    /// <summary>Creates the shared parts; every random number comes from <paramref name="seed"/>.</summary>
    public Uncore(CpuModel model, PhysicalMemory memory, ulong seed)
    {
        Model = model;
        Memory = memory;
        Seed = seed;
        KeyEngine = new KeyEngine(memory, new RandomSource(seed, 0x6B65), model.Parameters.Integrity);
        Apics = new ApicBus(memory);
        SeamShared = new Seamsim.Isa.Seam.SeamShared(seed);
        CpuParameters p = model.Parameters;
        if (p.SeamrrBytes != 0)
            memory.SetSeamRange(p.SeamrrBase, p.SeamrrBytes);
    }

    /// <summary>The CPU model.</summary>
    public CpuModel Model { get; }

    /// <summary>Physical memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Seed of the platform's randomness.</summary>
    public ulong Seed { get; }

    /// <summary>PCONFIG.</summary>
    public KeyEngine KeyEngine { get; }

    /// <summary>Interrupts between logical processors.</summary>
    public ApicBus Apics { get; }

    /// <summary>IA32_SEAMEXTEND.</summary>
    public SeamMeasurement Seam { get; } = new();

    /// <summary>Report key and P-SEAMLDR occupancy.</summary>
    public Seamsim.Isa.Seam.SeamShared SeamShared { get; }

    /// <summary>The time-stamp counter; null: it counts core cycles.</summary>
    public ITimebase? Timebase { get; set; }
}
