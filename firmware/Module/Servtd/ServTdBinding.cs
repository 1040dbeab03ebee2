using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A slot of SERVTD_BINDINGS_TABLE: state u8, type u16 at 2, attributes u64 at 8, UUID at 16, info hash at 48. TDX
/// Module 1.5 ABI, "Service TD binding".
/// </summary>
internal readonly struct ServTdBinding(ISeamPlatform p, Hpa slot)
{
    private const int TypeOffset = 2, AttributesOffset = 8, UuidOffset = 16, InfoHashOffset = 48;

    /// <summary>SERVTD_BINDING_STATE.</summary>
    public ServTdState State
    {
        get => (ServTdState)p.Read<byte>(slot);
        set => p.Write(slot, (byte)value);
    }

    /// <summary>SERVTD_TYPE.</summary>
    public ushort Type
    {
        get => p.Read<ushort>(slot + TypeOffset);
        set => p.Write(slot + TypeOffset, value);
    }

    /// <summary>SERVTD_ATTR.</summary>
    public ulong Attributes
    {
        get => p.Read<ulong>(slot + AttributesOffset);
        set => p.Write(slot + AttributesOffset, value);
    }

    /// <summary>SERVTD_INFO_HASH.</summary>
    public Hpa InfoHash => slot + InfoHashOffset;

    /// <summary>One qword of SERVTD_UUID.</summary>
    public ulong Uuid(int word) => p.Read<ulong>(slot + (ulong)(UuidOffset + word * 8));

    /// <summary>Sets one qword of SERVTD_UUID.</summary>
    public void SetUuid(int word, ulong value) => p.Write(slot + (ulong)(UuidOffset + word * 8), value);

    /// <summary>Whether SERVTD_INFO_HASH is this one.</summary>
    public bool HasHash(ReadOnlySpan<byte> hash)
    {
        Span<byte> stored = stackalloc byte[Sha384.DigestBytes];
        p.ReadBytes(InfoHash, stored);
        return stored.SequenceEqual(hash);
    }
}
