using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The key ownership table: per HKID its state and the packages whose caches still have to be written back.
/// TDX Module 1.5 base specification, "Key Ownership Table (KOT)".
/// </summary>
internal readonly struct Kot(ISeamPlatform p, Hpa at)
{
    /// <summary>HKIDs the table has room for.</summary>
    public const int MaxHkids = 2048;

    private const int EntriesOffset = 0x10, EntryBytes = 8, WbinvdBitmapOffset = 0, StateOffset = 4;

    /// <summary>The entries, 8 bytes each: packages (4 bytes) and state.</summary>
    public Hpa Entries => at + EntriesOffset;

    /// <summary>Tries the table's lock.</summary>
    public LockHold Hold(LockMode mode) => LockHold.Of(p, at, mode, OperandId.Kot);

    /// <summary>State of a KeyID.</summary>
    public KeyState State(KeyId key) => (KeyState)p.Read<byte>(Entry(key) + StateOffset);

    /// <summary>Changes the state of a KeyID.</summary>
    public void SetState(KeyId key, KeyState state) => p.Write(Entry(key) + StateOffset, (byte)state);

    /// <summary>Packages that have not written back their caches since the KeyID was flushed.</summary>
    public uint WbinvdBitmap(KeyId key) => p.Read<uint>(Entry(key) + WbinvdBitmapOffset);

    /// <summary>Sets the packages that still have to write back.</summary>
    public void SetWbinvdBitmap(KeyId key, uint packages) => p.Write(Entry(key) + WbinvdBitmapOffset, packages);

    /// <summary>This package wrote back (LOCK BTR: the table is only held shared).</summary>
    public void ClearWbinvdBit(KeyId key, int package) =>
        p.BitTestAndReset(Entry(key) + WbinvdBitmapOffset, package);

    private Hpa Entry(KeyId key) => Entries + (ulong)(key.Value % MaxHkids * EntryBytes);
}
