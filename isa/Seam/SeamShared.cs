using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Seamsim.Isa.Seam;

/// <summary>What the logical processors of a platform share for SEAM besides IA32_SEAMEXTEND.</summary>
public sealed class SeamShared
{
    private readonly byte[] macKey;

    /// <summary>Creates it; the report key comes from <paramref name="seed"/>.</summary>
    public SeamShared(ulong seed)
    {
        Span<byte> source = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(source, seed);
        macKey = SHA384.HashData([.. "SEAMREPORT key"u8, .. source]);
    }

    /// <summary>The logical processor that is in P-SEAMLDR, or −1: P-SEAMLDR serves one at a time.</summary>
    internal int SeamldrOwner { get; set; } = -1;

    /// <summary>MAC over the first 224 bytes of a REPORTMACSTRUCT: HMAC-SHA384, cut to the field's 32 bytes.</summary>
    public byte[] Mac(ReadOnlySpan<byte> covered) => HMACSHA384.HashData(macKey, covered)[..32];
}
