namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    private readonly Dictionary<uint, ulong> msrValues = [];

    /// <summary>RDMSR; false is #GP(0).</summary>
    public bool TryRdmsr(uint msr, out ulong value) => msrValues.TryGetValue(msr, out value);

    /// <summary>WRMSR; false is #GP(0).</summary>
    public bool TryWrmsr(uint msr, ulong value)
    {
        msrValues[msr] = value;
        return true;
    }
}
