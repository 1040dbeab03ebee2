namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private const uint StructuredExtendedFeatures = 7;

    private uint? x87Features;

    /// <summary>CPUID.(7,0):EBX, where a model says how its x87 pointers behave; 0 before there is a model.</summary>
    internal uint X87Features =>
        !IsOnPlatform ? 0 : x87Features ??= Cpuid(StructuredExtendedFeatures, 0).Ebx;
}
