using Seamsim.Isa.Engine;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

public sealed unsafe partial class Core
{
    /// <summary>I/O port space; shared by the platform's processors.</summary>
    public PortMap PortSpace { get; internal set; } = new();

    /// <summary>How a string instruction that did not complete ended: a fault, or the exit of an intercepted port.</summary>
    internal Outcome StringOutcome { get; set; } = Outcome.Fault;

    /// <summary>IN; a port nobody answers reads as all ones.</summary>
    internal uint ReadPort(ushort port, int bytes)
    {
        ChargeOperation(Operation.PortAccess, port);
        return PortSpace.TryFind(port, out IPortDevice device)
            ? device.Read(this, port, bytes)
            : uint.MaxValue >> (32 - (bytes * 8));
    }

    /// <summary>OUT.</summary>
    internal void WritePort(ushort port, int bytes, uint value)
    {
        ChargeOperation(Operation.PortAccess, port);
        if (PortSpace.TryFind(port, out IPortDevice device))
            device.Write(this, port, bytes, value);
    }
}
