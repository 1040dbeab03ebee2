using System.Buffers.Binary;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>An element of metadata in memory: 1, 2, 4 or 8 bytes, not always naturally aligned.</summary>
internal static class MetadataCell
{
    /// <summary>Loads an element.</summary>
    public static ulong Read(ISeamPlatform p, Hpa at, int bytes)
    {
        Span<byte> cell = stackalloc byte[8];
        cell.Clear();
        p.ReadBytes(at, cell[..bytes]);
        return BinaryPrimitives.ReadUInt64LittleEndian(cell);
    }

    /// <summary>Stores an element if it still holds <paramref name="old"/>.</summary>
    public static bool TryExchange(ISeamPlatform p, Hpa at, int bytes, ulong old, ulong value)
    {
        switch (bytes)
        {
            case 8: return p.CompareExchange(at, old, value) == old;
            case 4: return p.CompareExchange(at, (uint)old, (uint)value) == (uint)old;
            case 2: return p.CompareExchange(at, (ushort)old, (ushort)value) == (ushort)old;
            default:
                if (p.Read<byte>(at) != (byte)old)
                    return false;
                p.Write(at, (byte)value);
                return true;
        }
    }
}
