namespace Seamsim.Timing;

/// <summary>What all calls of one SEAMCALL leaf cost, from the instruction to the host's next one.</summary>
public sealed class LeafAccount
{
    internal LeafAccount(ulong leaf) => Leaf = leaf;

    /// <summary>Leaf number: RAX[15:0], with bit 63 for P-SEAMLDR.</summary>
    public ulong Leaf { get; }

    /// <summary>Calls that reached SEAM or were answered in its place by a forced status.</summary>
    public ulong Calls { get; internal set; }

    /// <summary>Calls that returned with the error bit (RAX[63]).</summary>
    public ulong Failures { get; internal set; }

    /// <summary>Calls answered by a forced status, part of <see cref="Calls"/>.</summary>
    public ulong Forced { get; internal set; }

    /// <summary>Cycles and instructions in SEAM root and in transitions on behalf of the leaf.</summary>
    public Booked Seam { get; internal set; }

    /// <summary>Cycles and instructions of trust domains run by the leaf (TDH.VP.ENTER).</summary>
    public Booked Td { get; internal set; }
}
