namespace Seamsim.Firmware.Abi;

/// <summary>In which states of a Secure-EPT entry a leaf works: Data/…/sept-leaf-states.csv.</summary>
public sealed class SeptLeafTable
{
    private readonly uint[] host = new uint[128];
    private readonly uint[] guest = new uint[128];

    internal SeptLeafTable(ModuleVersion version, IReadOnlyList<LeafInfo> leaves)
    {
        foreach (DataRow row in DataFile.Read($"{version}/sept-leaf-states.csv"))
        {
            LeafInfo leaf = leaves.FirstOrDefault(l => l.Name == row["leaf"])
                ?? throw new InvalidDataException($"sept-leaf-states.csv: unknown leaf {row["leaf"]}");
            uint bits = 0;
            foreach (string state in row["states"].Split(' '))
                bits |= 1u << (int)Enum.Parse<SeptState>(state);
            (leaf.Side == LeafSide.Guest ? guest : host)[leaf.Number] = bits;
        }
    }

    /// <summary>
    /// Whether a leaf works on an entry in <paramref name="state"/>; a leaf without a row works on none.
    /// </summary>
    public bool Allows(LeafSide side, int leaf, SeptState state) =>
        ((side == LeafSide.Guest ? guest : host)[leaf] >> (int)state & 1) != 0;
}
