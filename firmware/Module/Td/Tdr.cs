using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>The TD root page, under the TDX-global key. TDX Module 1.5 ABI, "TDR".</summary>
internal readonly struct Tdr(ISeamPlatform p, Hpa page)
{
    /// <summary>Most TDCS pages a TD can have: the base ones and a SEPT root per L2 VM.</summary>
    public const int MaxTdcx = 9;

    /// <summary>TDCS pages every TD needs.</summary>
    public const int BaseTdcx = 6;

    private const int FatalOffset = 0x00, NumTdcxOffset = 0x04, ChldCntOffset = 0x08, LifecycleOffset = 0x10,
                      TdcxPaOffset = 0x18, UuidOffset = 0x60, HkidOffset = 0x100, PkgConfigBitmapOffset = 0x108,
                      HandoffVersionOffset = 0x140, SeamdbIndexOffset = 0x148, SeamdbNonceOffset = 0x150;

    /// <summary>Address of the page with the TDX-global key.</summary>
    public Hpa Page => page;

    /// <summary>Address of the page without KeyID, as PAMT owners hold it.</summary>
    public Hpa Address => new(p.Keys.LineOf(page));

    /// <summary>FATAL: an unrecoverable error happened in the TD.</summary>
    public bool Fatal
    {
        get => p.Read<byte>(page + FatalOffset) != 0;
        set => p.Write(page + FatalOffset, (byte)(value ? 1 : 0));
    }

    /// <summary>NUM_TDCX: TDCS pages added so far.</summary>
    public int NumTdcx
    {
        get => (int)p.Read<uint>(page + NumTdcxOffset);
        set => p.Write(page + NumTdcxOffset, (uint)value);
    }

    /// <summary>CHLDCNT: 4-KiB pages that belong to the TD, the TDR itself not counted.</summary>
    public ulong ChldCnt => p.Read<ulong>(page + ChldCntOffset);

    /// <summary>Adds to CHLDCNT (LOCK XADD); pages are counted in 4-KiB units.</summary>
    public void AddChildren(long pages) => p.FetchAdd(page + ChldCntOffset, unchecked((ulong)pages));

    /// <summary>LIFECYCLE_STATE.</summary>
    public Lifecycle Lifecycle
    {
        get => (Lifecycle)p.Read<uint>(page + LifecycleOffset);
        set => p.Write(page + LifecycleOffset, (uint)value);
    }

    /// <summary>TDCX_PA: a TDCS page, with the TD's HKID.</summary>
    public Hpa TdcxPa(int index) => new(p.Read<ulong>(page + (ulong)(TdcxPaOffset + index * 8)));

    /// <summary>Sets TDCX_PA.</summary>
    public void SetTdcxPa(int index, Hpa value) => p.Write(page + (ulong)(TdcxPaOffset + index * 8), value.Value);

    /// <summary>One qword of TD_UUID.</summary>
    public ulong Uuid(int word) => p.Read<ulong>(page + (ulong)(UuidOffset + word * 8));

    /// <summary>Sets one qword of TD_UUID.</summary>
    public void SetUuid(int word, ulong value) => p.Write(page + (ulong)(UuidOffset + word * 8), value);

    /// <summary>HKID: the TD's private key.</summary>
    public KeyId Hkid
    {
        get => new(p.Read<ushort>(page + HkidOffset));
        set => p.Write(page + HkidOffset, value.Value);
    }

    /// <summary>PKG_CONFIG_BITMAP: packages on which the TD's key is configured.</summary>
    public ulong PkgConfigBitmap
    {
        get => p.Read<ulong>(page + PkgConfigBitmapOffset);
        set => p.Write(page + PkgConfigBitmapOffset, value);
    }

    /// <summary>HANDOFF_VERSION.</summary>
    public ushort HandoffVersion
    {
        get => p.Read<ushort>(page + HandoffVersionOffset);
        set => p.Write(page + HandoffVersionOffset, value);
    }

    /// <summary>SEAMDB_INDEX.</summary>
    public ulong SeamdbIndex
    {
        get => p.Read<ulong>(page + SeamdbIndexOffset);
        set => p.Write(page + SeamdbIndexOffset, value);
    }

    /// <summary>Address of one qword of SEAMDB_NONCE.</summary>
    public Hpa SeamdbNonce(int word) => page + (ulong)(SeamdbNonceOffset + word * 8);

    /// <summary>
    /// The TD's control structure; only there once <see cref="NumTdcx"/> is at least <see cref="BaseTdcx"/>.
    /// </summary>
    public Tdcs Tdcs => new(p, this);

    /// <summary>An address with the TD's private key.</summary>
    public Hpa Private(Hpa address) => p.Keys.WithKey(address, Hkid);

    /// <summary>A 4-byte or smaller metadata location of this page.</summary>
    public Hpa Field(int offset) => page + (ulong)offset;
}
