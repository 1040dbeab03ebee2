namespace Seamsim.Host.Vmm;

/// <summary>Where a TD's output goes.</summary>
public interface IConsole
{
    /// <summary>A byte the guest wrote.</summary>
    void Write(byte value);
}

/// <summary>
/// A 16550 at port 0x3F8 that always has room: bytes written go to the console, nothing is ever received.
/// </summary>
public sealed class SerialPort(IConsole console)
{
    /// <summary>First of its eight ports.</summary>
    public const ushort FirstPort = 0x3F8;

    private const int TransmitOrDivisorLow = 0, InterruptEnable = 1, InterruptId = 2, LineControl = 3, LineStatus = 5;
    private const byte DivisorAccess = 0x80, TransmitterEmpty = 0x60, NoInterrupt = 1;
    private readonly byte[] registers = new byte[8];
    private readonly byte[] divisor = new byte[2];

    private bool DivisorIsVisible => (registers[LineControl] & DivisorAccess) != 0;

    /// <summary>Whether a port is one of this device's.</summary>
    public static bool Owns(ushort port) => port is >= FirstPort and < FirstPort + 8;

    /// <summary>IN of one byte.</summary>
    public byte Read(ushort port)
    {
        int register = port - FirstPort;
        if (DivisorIsVisible && register <= InterruptEnable)
            return divisor[register];
        return register switch
        {
            TransmitOrDivisorLow => 0,
            InterruptId => NoInterrupt,
            LineStatus => TransmitterEmpty,
            _ => registers[register],
        };
    }

    /// <summary>OUT of one byte.</summary>
    public void Write(ushort port, byte value)
    {
        int register = port - FirstPort;
        if (DivisorIsVisible && register <= InterruptEnable)
            divisor[register] = value;
        else if (register == TransmitOrDivisorLow)
            console.Write(value);
        else
            registers[register] = value;
    }
}
