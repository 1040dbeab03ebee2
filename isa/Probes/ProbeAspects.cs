namespace Seamsim.Isa.Probes;

/// <summary>What a probe stream carries besides control flow, operations and events.</summary>
[Flags]
public enum ProbeAspects : byte
{
    /// <summary>Control flow only.</summary>
    None = 0,

    /// <summary>Memory accesses: linear address, size and direction, and the translations they used.</summary>
    Memory = 1,

    /// <summary>The values read and written; implies <see cref="Memory"/>.</summary>
    Values = 2 | Memory,

    /// <summary>General registers after each instruction that writes one.</summary>
    Registers = 4,
}
