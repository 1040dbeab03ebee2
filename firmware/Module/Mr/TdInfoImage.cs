using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>TDINFO_STRUCT of a TD, whose RTMR lock is held. TDX Module 1.5 ABI, "TDINFO_STRUCT".</summary>
internal static class TdInfoImage
{
    /// <summary>Fills it from the TDCS.</summary>
    public static void Read(ISeamPlatform p, Tdcs tdcs, Span<byte> info)
    {
        info.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(info[TdInfo.Attributes..], tdcs.Attributes);
        BinaryPrimitives.WriteUInt64LittleEndian(info[TdInfo.Xfam..], tdcs.Xfam);
        p.ReadBytes(tdcs.MrTd, Measurement(info, TdInfo.MrTd));
        p.ReadBytes(tdcs.MrConfigId, Measurement(info, TdInfo.MrConfigId));
        p.ReadBytes(tdcs.MrOwner, Measurement(info, TdInfo.MrOwner));
        p.ReadBytes(tdcs.MrOwnerConfig, Measurement(info, TdInfo.MrOwnerConfig));
        for (int i = 0; i < TdgMrRtmrExtend.Registers; i++)
            p.ReadBytes(tdcs.Rtmr(i), Measurement(info, TdInfo.Rtmr + i * TdInfo.RtmrBytes));
        p.ReadBytes(tdcs.ServTdHash, Measurement(info, TdInfo.ServTdHash));
    }

    /// <summary>SHA-384 of it.</summary>
    public static void Hash(ISeamPlatform p, ReadOnlySpan<byte> info, Span<byte> digest)
    {
        SHA384.HashData(info, digest);
        p.Charge(Operation.HashBlock, TdInfo.Bytes / Sha384.BlockBytes + 1);
    }

    /// <summary>Makes the cached TEE_INFO_HASH current.</summary>
    public static void UpdateHash(ISeamPlatform p, Tdcs tdcs, ReadOnlySpan<byte> info)
    {
        if (tdcs.TeeInfoHashValid)
            return;
        Span<byte> digest = stackalloc byte[Sha384.DigestBytes];
        Hash(p, info, digest);
        p.WriteBytes(tdcs.TeeInfoHash, digest);
        tdcs.TeeInfoHashValid = true;
    }

    private static Span<byte> Measurement(Span<byte> info, int offset) => info.Slice(offset, Sha384.DigestBytes);
}
