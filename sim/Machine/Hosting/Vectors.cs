namespace Seamsim.Hosting;

/// <summary>Interrupt vectors of the host kernel. Linux arch/x86/include/asm/irq_vectors.h.</summary>
internal static class Vectors
{
    /// <summary>Below lie the exceptions.</summary>
    public const int FirstInterrupt = 32;

    /// <summary>IA32_X2APIC_EOI. SDM vol. 3A, table 11-6.</summary>
    public const uint X2ApicEoi = 0x80B;

    /// <summary>RESCHEDULE_VECTOR.</summary>
    public const byte Reschedule = 0xFD;
}
