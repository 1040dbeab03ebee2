using System.Collections.Immutable;

namespace Seamsim.Isa.Vmx;

/// <summary>
/// Where each field lies in a region: one naturally aligned qword per field in the order of the encodings, after a
/// 64-byte header. Built from <see cref="VmcsField"/>, so a field exists exactly when it is named there.
/// </summary>
internal static class VmcsLayout
{
    private const int HeaderBytes = 64;

    private static readonly ImmutableArray<VmcsField> Ordered = [.. Enum.GetValues<VmcsField>().Order()];
    private static readonly ImmutableArray<ushort> Offsets = BuildOffsets();

    /// <summary>All fields, ascending by encoding.</summary>
    public static ImmutableArray<VmcsField> Fields => Ordered;

    /// <summary>Largest index (encoding bits 9:1) of any field: IA32_VMX_VMCS_ENUM[9:1].</summary>
    public static int HighestIndex => Ordered.Max(f => ((int)f >> 1) & 0x1FF);

    /// <summary>
    /// The field <paramref name="count"/> places after <paramref name="first"/> in a run such as ES, CS, SS...
    /// </summary>
    public static VmcsField Following(VmcsField first, int count) => (VmcsField)((int)first + 2 * count);

    /// <summary>Byte offset of a field in the region.</summary>
    public static int OffsetOf(VmcsField field) => Offsets[(int)field];

    /// <summary>Bytes a field holds: 2, 4 or 8 by encoding bits 14:13.</summary>
    public static int BytesOf(VmcsField field) => ((uint)field >> 13) switch { 0 => 2, 2 => 4, _ => 8 };

    /// <summary>Whether VMREAD and VMWRITE know the encoding; "high" access exists for 64-bit fields only.</summary>
    public static bool Exists(uint encoding)
    {
        uint full = encoding & ~1u;
        if (full >= Offsets.Length || Offsets[(int)full] == 0)
            return false;
        return (encoding & 1) == 0 || full >> 13 == 1;
    }

    /// <summary>Whether the field belongs to the VM-exit information fields (encoding bits 11:10 = 1).</summary>
    public static bool IsReadOnly(uint encoding) => ((encoding >> 10) & 3) == 1;

    private static ImmutableArray<ushort> BuildOffsets()
    {
        var offsets = new ushort[(int)Ordered[^1] + 1];
        for (int i = 0; i < Ordered.Length; i++)
            offsets[(int)Ordered[i]] = (ushort)(HeaderBytes + i * sizeof(ulong));
        return [.. offsets];
    }
}
