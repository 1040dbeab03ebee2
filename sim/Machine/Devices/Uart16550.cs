using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Devices;

/// <summary>
/// A 16550 UART without a partner that sends: transmission takes no time, reception comes from loop-back only.
/// PC16550D data sheet, section 8; register names are its.
/// </summary>
internal sealed class Uart16550(Stream line) : IPortDevice
{
    /// <summary>First port of COM1.</summary>
    public const ushort Com1 = 0x3F8;

    /// <summary>How many ports.</summary>
    public const int Ports = 8;

    private const int Data = 0, Ier = 1, IirFcr = 2, Lcr = 3, Mcr = 4, Lsr = 5, Msr = 6, Scr = 7;
    private const byte DivisorLatchAccess = 0x80, LoopBack = 0x10, McrBits = 0x1F, IerBits = 0x0F;
    private const byte DataReady = 0x01, OverrunError = 0x02, TransmitterEmpty = 0x60;
    private const byte LineStatusEnabled = 0x04, EmptyEnabled = 0x02, DataEnabled = 0x01;
    private const byte FifoEnable = 0x01, ClearReceiver = 0x02, FifosEnabled = 0xC0;
    private const byte NothingPending = 0x01, EmptyPending = 0x02, DataPending = 0x04, LineStatusPending = 0x06;
    private const byte Idle = 0xB0; // CTS, DSR and DCD: somebody listens
    private const int FifoBytes = 16;
    private readonly Queue<byte> received = new();
    private byte enable, lineControl, modemControl, scratch, fifoControl;
    private ushort divisor = 1;
    private bool overrun, emptyPending;

    /// <summary>Hands on what has been sent.</summary>
    public void Flush() => line.Flush();

    /// <summary>A byte-wide device: wider accesses are several, a port each.</summary>
    public uint Read(Core core, ushort port, int bytes)
    {
        uint value = 0;
        for (int i = 0; i < bytes; i++)
            value |= (uint)ReadRegister(port + i - Com1) << (8 * i);
        return value;
    }

    /// <inheritdoc/>
    public void Write(Core core, ushort port, int bytes, uint value)
    {
        for (int i = 0; i < bytes; i++)
            WriteRegister(port + i - Com1, (byte)(value >> (8 * i)));
    }

    private bool DivisorAccess => (lineControl & DivisorLatchAccess) != 0;

    private int Room => (fifoControl & FifoEnable) != 0 ? FifoBytes : 1;

    private byte ReadRegister(int register) => register switch
    {
        Data when DivisorAccess => (byte)divisor,
        Ier when DivisorAccess  => (byte)(divisor >> 8),
        Data                    => received.TryDequeue(out byte value) ? value : (byte)0,
        Ier                     => enable,
        IirFcr                  => Identify(),
        Lcr                     => lineControl,
        Mcr                     => modemControl,
        Lsr                     => LineStatus(),
        Msr                     => ModemStatus,
        Scr                     => scratch,
        _                       => 0xFF,
    };

    private void WriteRegister(int register, byte value)
    {
        switch (register)
        {
            case Data when DivisorAccess: divisor = (ushort)((divisor & 0xFF00) | value); break;
            case Ier when DivisorAccess:  divisor = (ushort)((divisor & 0x00FF) | (value << 8)); break;
            case Data:                    Send(value); break;
            case Ier:                     Enable(value); break;
            case IirFcr:                  ControlFifos(value); break;
            case Lcr:                     lineControl = value; break;
            case Mcr:                     modemControl = (byte)(value & McrBits); break;
            case Scr:                     scratch = value; break;
        }
    }

    private void Send(byte value)
    {
        emptyPending = true;
        if ((modemControl & LoopBack) == 0)
        {
            line.WriteByte(value);
            return;
        }
        overrun |= received.Count == Room;
        if (received.Count == Room && Room == 1)
            received.Clear(); // without FIFO the new character replaces the old one
        if (received.Count < Room)
            received.Enqueue(value);
    }

    /// <summary>Enabling the interrupt while the transmitter is empty raises it.</summary>
    private void Enable(byte value)
    {
        emptyPending |= (value & ~enable & EmptyEnabled) != 0;
        enable = (byte)(value & IerBits);
    }

    private void ControlFifos(byte value)
    {
        if (((value ^ fifoControl) & FifoEnable) != 0 || (value & ClearReceiver) != 0)
            received.Clear();
        fifoControl = value;
    }

    private byte Identify()
    {
        byte fifos = (fifoControl & FifoEnable) != 0 ? FifosEnabled : (byte)0;
        if (overrun && (enable & LineStatusEnabled) != 0)
            return (byte)(fifos | LineStatusPending);
        if (received.Count > 0 && (enable & DataEnabled) != 0)
            return (byte)(fifos | DataPending);
        if (!emptyPending || (enable & EmptyEnabled) == 0)
            return (byte)(fifos | NothingPending);
        emptyPending = false; // reading the identification answers it
        return (byte)(fifos | EmptyPending);
    }

    private byte LineStatus()
    {
        byte status = (byte)(TransmitterEmpty | (received.Count > 0 ? DataReady : 0) | (overrun ? OverrunError : 0));
        overrun = false;
        return status;
    }

    /// <summary>In loop-back DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD.</summary>
    private byte ModemStatus
    {
        get
        {
            if ((modemControl & LoopBack) == 0)
                return Idle;
            int dtr = modemControl & 1, rts = (modemControl >> 1) & 1, outs = (modemControl >> 2) & 3;
            return (byte)((rts << 4) | (dtr << 5) | (outs << 6));
        }
    }
}
