using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Devices;

/// <summary>
/// A port that ends the run, as QEMU's <c>isa-debug-exit</c> at its usual place: the exit code is (value × 2) + 1.
/// </summary>
internal sealed class DebugExit : IPortDevice
{
    /// <summary>First port.</summary>
    public const ushort Port = 0xF4;

    /// <summary>How many ports.</summary>
    public const int Ports = 4;

    /// <summary>The code; null until a value is written.</summary>
    public int? Code { get; private set; }

    /// <inheritdoc/>
    public uint Read(Core core, ushort port, int bytes) => 0;

    /// <inheritdoc/>
    public void Write(Core core, ushort port, int bytes, uint value)
    {
        Code ??= (int)(byte)((value << 1) | 1);
        core.RequestStop();
    }
}
