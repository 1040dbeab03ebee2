using Seamsim.Devices;

namespace Seamsim.Tests.Boot;

/// <summary>The registers of COM1. PC16550D data sheet, section 8.</summary>
[TestFixture]
internal sealed class Uart16550Tests
{
    private const byte DivisorLatch = 0x80, LoopBack = 0x10;
    private readonly MemoryStream line = new();
    private Uart16550 uart = null!;

    [SetUp]
    public void Reset()
    {
        line.SetLength(0);
        uart = new Uart16550(line);
    }

    [OneTimeTearDown]
    public void CloseLine() => line.Dispose();

    [Test]
    public void A_byte_written_to_thr_is_sent_at_once()
    {
        Write(0, (byte)'x');
        Assert.That((line.ToArray(), Read(5)), Is.EqualTo((new[] { (byte)'x' }, (byte)0x60)));
    }

    [TestCase(1, 0xFF, 0x0F, TestName = "IER keeps four bits")]
    [TestCase(3, 0x1B, 0x1B, TestName = "LCR keeps all bits")]
    [TestCase(4, 0xFF, 0x1F, TestName = "MCR keeps five bits")]
    [TestCase(5, 0xFF, 0x60, TestName = "LSR is read-only")]
    [TestCase(6, 0xFF, 0xB0, TestName = "MSR is read-only")]
    [TestCase(7, 0xA5, 0xA5, TestName = "SCR keeps all bits")]
    public void Register(int register, int written, int read)
    {
        Write(register, (byte)written);
        Assert.That(Read(register), Is.EqualTo((byte)read));
    }

    [Test]
    public void Dlab_leads_to_the_divisor_and_sends_nothing()
    {
        Write(3, DivisorLatch);
        Write(0, 0x34);
        Write(1, 0x12);
        Assert.That((Read(0), Read(1), line.Length), Is.EqualTo(((byte)0x34, (byte)0x12, 0L)));
        Write(3, 0);
        Assert.That((Read(0), Read(1)), Is.EqualTo(((byte)0, (byte)0)));
    }

    [Test]
    public void Loop_back_receives_what_is_sent_and_returns_the_modem_outputs()
    {
        Write(4, LoopBack | 0x0A); // RTS and OUT2 come back as CTS and DCD
        Write(0, 0x42);
        Assert.That((line.Length, Read(6), Read(5), Read(0), Read(5)),
            Is.EqualTo((0L, (byte)0x90, (byte)0x61, (byte)0x42, (byte)0x60)));
    }

    [TestCase(0, 2, TestName = "one character without FIFO")]
    [TestCase(1, 17, TestName = "sixteen with FIFO")]
    public void Overrun(int fifo, int sent)
    {
        Write(2, (byte)fifo);
        Write(4, LoopBack);
        for (int i = 0; i < sent; i++)
            Write(0, (byte)(i + 1));
        Assert.That((Read(5), Read(5)), Is.EqualTo(((byte)0x63, (byte)0x61)), "reading LSR clears the error");
        Assert.That(Read(0), Is.EqualTo(fifo == 0 ? (byte)sent : (byte)1));
    }

    [Test]
    public void Interrupts_are_identified_by_priority_and_thre_once()
    {
        Assert.That(Read(2), Is.EqualTo(1));
        Write(1, 0x07);
        Assert.That((Read(2), Read(2)), Is.EqualTo(((byte)2, (byte)1)));
        Write(4, LoopBack);
        Write(0, 1);
        Write(0, 2);
        Assert.That(Read(2), Is.EqualTo(6), "overrun");
        Read(5);
        Assert.That(Read(2), Is.EqualTo(4), "data");
        Read(0);
        Assert.That(Read(2), Is.EqualTo(2), "transmitter empty");
        Write(2, 1);
        Assert.That(Read(2), Is.EqualTo(0xC1), "FIFOs on, nothing pending");
    }

    [Test]
    public void A_wide_access_is_several_narrow_ones()
    {
        uart.Write(null!, Uart16550.Com1 + 7, 2, 0x12A5);
        Assert.That(uart.Read(null!, Uart16550.Com1 + 6, 4), Is.EqualTo(0xFFFF_A5B0));
    }

    private byte Read(int register) => (byte)uart.Read(null!, (ushort)(Uart16550.Com1 + register), 1);

    private void Write(int register, byte value) =>
        uart.Write(null!, (ushort)(Uart16550.Com1 + register), 1, value);
}
