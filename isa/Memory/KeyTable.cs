namespace Seamsim.Isa.Memory;

/// <summary>
/// The keys of the MKTME engines, one table per package (memory is encrypted by the package it is attached to). Every
/// programming of a KeyID makes a new key; a line remembers the key it was written with by that key's number.
/// MKTME architecture specification, "Key programming".
/// </summary>
internal sealed class KeyTable
{
    private readonly List<Key> keys = [];
    private readonly List<uint> writtenIn = [];
    private readonly int[] current;
    private readonly int keyIds;
    private readonly KeyIdLayout layout;

    public KeyTable(KeyIdLayout layout, int packages)
    {
        this.layout = layout;
        keyIds = 1 << layout.KeyIdBits;
        current = new int[keyIds * packages];
        // Until it is programmed, a KeyID encrypts with the platform key.
        for (int i = 0; i < current.Length; i++)
        {
            current[i] = i;
            Add(new Key(new KeyId((ushort)(i % keyIds)), PlatformSecret(i / keyIds), Integrity: false));
        }
    }

    /// <summary>The TME key of a package.</summary>
    public static ulong PlatformSecret(int package) => Mix(0x746D65, (ulong)package);

    /// <summary>Number of the key in force for a KeyID on memory attached to <paramref name="home"/>.</summary>
    public int Current(int home, KeyId key) => current[home * keyIds + key.Value];

    public KeyId KeyIdOf(int key) => keys[key].Id;

    public void Program(int package, KeyId key, ulong secret, bool integrity)
    {
        current[package * keyIds + key.Value] = keys.Count;
        Add(new Key(key, secret, integrity));
    }

    /// <summary>Write-back epoch in which a key last wrote through the caches.</summary>
    public uint WrittenIn(int key) => writtenIn[key];

    public void NoteWrite(int key, uint epoch) => writtenIn[key] = epoch;

    /// <summary>
    /// Whether data written with one key is refused when read with another: integrity detects it as soon as a private
    /// key is involved on either side (wrong MAC, or TD-owner bit mismatch).
    /// </summary>
    public bool Poisons(int written, int read)
    {
        Key w = keys[written], r = keys[read];
        return (w.Integrity && layout.IsPrivate(w.Id)) || (r.Integrity && layout.IsPrivate(r.Id));
    }

    /// <summary>
    /// The eight bytes that key <paramref name="read"/> makes of plaintext stored under <paramref name="written"/>.
    /// </summary>
    public ulong Translate(int written, int read, ulong address, ulong data)
    {
        ulong a = keys[written].Secret, b = keys[read].Secret;
        return a == b ? data : data ^ Mix(a, address) ^ Mix(b, address);
    }

    private void Add(in Key key)
    {
        keys.Add(key);
        writtenIn.Add(0);
    }

    private static ulong Mix(ulong secret, ulong address)
    {
        ulong z = secret + address * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31) ^ secret;
    }

    private readonly record struct Key(KeyId Id, ulong Secret, bool Integrity);
}
