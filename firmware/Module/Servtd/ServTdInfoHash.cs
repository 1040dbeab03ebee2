using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// SERVTD_INFO_HASH: SHA-384 of a service TD's TDINFO without the fields that SERVTD_ATTR says to ignore. TDX Module
/// 1.5 ABI, "SERVTD_ATTR".
/// </summary>
internal static class ServTdInfoHash
{
    private const int IgnoreShift = 32;

    // IGNORE_TDINFO from its lowest bit up.
    private static readonly (int Offset, int Bytes)[] Fields =
    [
        (TdInfo.Attributes,    sizeof(ulong)),
        (TdInfo.Xfam,          sizeof(ulong)),
        (TdInfo.MrTd,          Sha384.DigestBytes),
        (TdInfo.MrConfigId,    Sha384.DigestBytes),
        (TdInfo.MrOwner,       Sha384.DigestBytes),
        (TdInfo.MrOwnerConfig, Sha384.DigestBytes),
        (TdInfo.Rtmr,                        TdInfo.RtmrBytes),
        (TdInfo.Rtmr + TdInfo.RtmrBytes,     TdInfo.RtmrBytes),
        (TdInfo.Rtmr + 2 * TdInfo.RtmrBytes, TdInfo.RtmrBytes),
        (TdInfo.Rtmr + 3 * TdInfo.RtmrBytes, TdInfo.RtmrBytes),
        (TdInfo.ServTdHash,    Sha384.DigestBytes),
    ];

    /// <summary>
    /// Computes it. The service TD's RTMR lock is held; without ignored fields its TEE_INFO_HASH serves.
    /// </summary>
    public static void Compute(ISeamPlatform p, Tdcs service, ulong attributes, Span<byte> digest)
    {
        Span<byte> info = stackalloc byte[TdInfo.Bytes];
        TdInfoImage.Read(p, service, info);
        ulong ignored = attributes >> IgnoreShift;
        if (ignored == 0)
        {
            TdInfoImage.UpdateHash(p, service, info);
            p.ReadBytes(service.TeeInfoHash, digest);
            return;
        }
        for (int i = 0; i < Fields.Length; i++)
            if ((ignored >> i & 1) != 0)
                info.Slice(Fields[i].Offset, Fields[i].Bytes).Clear();
        TdInfoImage.Hash(p, info, digest);
    }
}
