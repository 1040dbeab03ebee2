using System.Buffers.Binary;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Devices;

/// <summary>
/// Ports and a window of memory behind the device interface, both of which hold what is written: the parts of QEMU's
/// <c>pc-testdev</c> that need no interrupt controller.
/// </summary>
internal sealed class TestDevice : IPortDevice, IMmioDevice
{
    /// <summary>First port.</summary>
    public const ushort Port = 0xE0;

    /// <summary>How many ports.</summary>
    public const int Ports = 4;

    /// <summary>Physical address of the window.</summary>
    public const ulong MemoryBase = 0xFF00_0000;

    /// <summary>Bytes of the window.</summary>
    public const int MemoryBytes = 0x1_0000;

    // Behind the window lies room for an access that begins in its last bytes.
    private readonly byte[] window = new byte[MemoryBytes + sizeof(ulong)], latch = new byte[Ports + sizeof(uint)];

    /// <inheritdoc/>
    public uint Read(Core core, ushort port, int bytes) =>
        (uint)Read(latch, port - Port, bytes);

    /// <inheritdoc/>
    public void Write(Core core, ushort port, int bytes, uint value) => Write(latch, port - Port, bytes, value);

    /// <inheritdoc/>
    public ulong Read(Core core, ulong offset, int bytes) => Read(window, (int)offset, bytes);

    /// <inheritdoc/>
    public void Write(Core core, ulong offset, int bytes, ulong value) => Write(window, (int)offset, bytes, value);

    private static ulong Read(byte[] from, int at, int bytes)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        from.AsSpan(at, bytes).CopyTo(wide);
        return BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }

    private static void Write(byte[] to, int at, int bytes, ulong value)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(wide, value);
        wide[..bytes].CopyTo(to.AsSpan(at));
    }
}
