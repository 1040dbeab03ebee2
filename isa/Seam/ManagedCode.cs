namespace Seamsim.Isa.Seam;

/// <summary>What happens when instruction fetch reaches a registered physical address.</summary>
public enum ManagedEntryKind : byte
{
    /// <summary>Host C# code goes on: the run loop returns <see cref="RunEnd.HostReturn"/>.</summary>
    HostReturn,

    /// <summary>The SEAMCALL entry of a managed SEAM image.</summary>
    Seamcall,

    /// <summary>The TD-exit entry of a managed SEAM image.</summary>
    TdExit,
}

/// <summary>One entry point of managed code.</summary>
/// <param name="Kind">Which entry.</param>
/// <param name="Image">The image behind a SEAM entry; null for <see cref="ManagedEntryKind.HostReturn"/>.</param>
public sealed record ManagedEntry(ManagedEntryKind Kind, IManagedImage? Image);

/// <summary>
/// The physical addresses at which C# code stands in for instructions, shared by all logical processors. The block
/// builder makes of such an address one op that leaves the engine (D5).
/// </summary>
public sealed class ManagedCode
{
    private readonly Dictionary<ulong, ManagedEntry> entries = [];

    /// <summary>Registers an entry at a physical address (KeyID stripped).</summary>
    public void Register(ulong address, ManagedEntry entry) => entries[address] = entry;

    /// <summary>Removes every entry inside [<paramref name="start"/>, <paramref name="start"/> + <paramref name="bytes"/>).</summary>
    public void Remove(ulong start, ulong bytes)
    {
        foreach (ulong address in entries.Keys.Where(a => a - start < bytes).ToArray())
            entries.Remove(address);
    }

    /// <summary>The entry at a physical address, or null.</summary>
    public ManagedEntry? At(ulong address) => entries.GetValueOrDefault(address);
}
