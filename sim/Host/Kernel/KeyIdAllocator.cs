using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>
/// The private KeyIDs of the platform: one for the TDX module, the rest for trust domains (patches 06, 07).
/// </summary>
/// <remarks>IA32_MKTME_KEYID_PARTITIONING: bits 31:0 number of MKTME KeyIDs, bits 63:32 number of TDX KeyIDs.</remarks>
public sealed class KeyIdAllocator
{
    private readonly bool[] taken;

    private KeyIdAllocator(uint mktme, uint tdx)
    {
        Global = new KeyId((ushort)(mktme + 1));
        GuestStart = new KeyId((ushort)(mktme + 2));
        taken = new bool[tdx - 1];
    }

    /// <summary>The KeyID of the TDX module's own data: the first private one.</summary>
    public KeyId Global { get; }

    /// <summary>The first KeyID a trust domain can get.</summary>
    public KeyId GuestStart { get; }

    /// <summary>How many trust domains can have a KeyID at a time.</summary>
    public int GuestCount => taken.Length;

    /// <summary>KeyIDs in use by trust domains.</summary>
    public int InUse { get; private set; }

    /// <summary>
    /// Splits MSR 0x87; null when fewer than two TDX KeyIDs are there (one would leave none for a TD).
    /// </summary>
    public static KeyIdAllocator? FromPartitioning(ulong msr)
    {
        uint mktme = (uint)msr, tdx = (uint)(msr >> 32);
        return tdx < 2 ? null : new KeyIdAllocator(mktme, tdx);
    }

    /// <summary>Takes the lowest free guest KeyID; false when all are in use (-ENOSPC).</summary>
    public bool TryAllocate(out KeyId keyId)
    {
        int free = Array.IndexOf(taken, false);
        keyId = default;
        if (free < 0)
            return false;
        taken[free] = true;
        InUse++;
        keyId = new KeyId((ushort)(GuestStart.Value + free));
        return true;
    }

    /// <summary>Gives a guest KeyID back.</summary>
    public void Free(KeyId keyId)
    {
        int index = keyId.Value - GuestStart.Value;
        if (!taken[index])
            throw new InvalidOperationException($"KeyID {keyId} is freed but not allocated");
        taken[index] = false;
        InUse--;
    }
}
