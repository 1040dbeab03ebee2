using System.Buffers.Binary;
using Seamsim.Isa.Memory;

namespace Seamsim.Isa.Vmx;

/// <summary>
/// A VMCS region in simulated memory, reached through its KeyID. Fields are never cached outside the region, so
/// VMCLEAR has nothing to write back and another KeyID reads ciphertext. SDM vol. 3C, 25.2; the layout is ours.
/// </summary>
/// <param name="Memory">The memory the region lies in.</param>
/// <param name="Address">4-KiB aligned address with KeyID.</param>
internal readonly record struct Vmcs(PhysicalMemory Memory, Hpa Address)
{
    /// <summary>The revision identifier, bits 30:0 of the first dword; bit 31 marks a shadow VMCS.</summary>
    public uint RevisionId => (uint)Load(0, 4);

    /// <summary>The VMX-abort indicator.</summary>
    public uint AbortIndicator
    {
        get => (uint)Load(4, 4);
        set => Store(4, 4, value);
    }

    /// <summary>Whether VMLAUNCH has succeeded since the last VMCLEAR.</summary>
    public bool Launched => Load(8, 4) == 1;

    /// <summary>Sets the launch state.</summary>
    public void MarkLaunched(bool launched) => Store(8, 4, launched ? 1u : 0u);

    /// <summary>A field the architecture defines.</summary>
    public ulong this[VmcsField field]
    {
        get => Load(VmcsLayout.OffsetOf(field), VmcsLayout.BytesOf(field));
        set => Store(VmcsLayout.OffsetOf(field), VmcsLayout.BytesOf(field), value);
    }

    /// <summary>Stores a field (for receivers that are not variables).</summary>
    public void Store(VmcsField field, ulong value) =>
        Store(VmcsLayout.OffsetOf(field), VmcsLayout.BytesOf(field), value);

    /// <summary>A 32-bit field.</summary>
    public uint Dword(VmcsField field) => (uint)this[field];

    /// <summary>
    /// VMREAD or VMWRITE by raw encoding, the access type "high" included; false when there is no such field.
    /// </summary>
    public bool TryRead(uint encoding, out ulong value)
    {
        value = 0;
        if (!VmcsLayout.Exists(encoding))
            return false;
        var field = (VmcsField)(encoding & ~1u);
        value = this[field] >> ((encoding & 1) != 0 ? 32 : 0);
        return true;
    }

    /// <inheritdoc cref="TryRead"/>
    public bool TryWrite(uint encoding, ulong value)
    {
        if (!VmcsLayout.Exists(encoding))
            return false;
        var field = (VmcsField)(encoding & ~1u);
        this[field] = (encoding & 1) != 0 ? (uint)this[field] | (value << 32) : value;
        return true;
    }

    private ulong Load(int offset, int bytes)
    {
        Hpa at = Address + (ulong)offset;
        return bytes switch
        {
            2 => Memory.Read<ushort>(at, inSeam: true, out _),
            4 => Memory.Read<uint>(at, inSeam: true, out _),
            _ => Memory.Read<ulong>(at, inSeam: true, out _),
        };
    }

    private void Store(int offset, int bytes, ulong value)
    {
        Span<byte> buffer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, value);
        Memory.Write(Address + (ulong)offset, buffer[..bytes], inSeam: true);
    }
}
