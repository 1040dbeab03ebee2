using System.Text;
using Iced.Intel;
using Seamsim.BareMetal;
using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Loading;

namespace Seamsim.Tests.Boot;

/// <summary>An image booted to its end.</summary>
internal sealed unsafe class BootRun : IDisposable
{
    private readonly MemoryStream serial = new();

    public BootRun(byte[] file, PcOptions? options = null, string commandLine = "image",
        params IReadOnlyList<MultibootModule> modules)
    {
        MultibootImage image = MultibootImage.Read(file, out string wrong) ?? throw new AssertionException(wrong);
        Pc = new Pc(options ?? new PcOptions { MaxInstructions = 1_000_000 }, serial);
        if (!Pc.TryLoad(image, commandLine, modules, out wrong))
            throw new AssertionException(wrong);
        End = Pc.Run();
    }

    public static BootRun Of(Action<Assembler> emit, PcOptions? options = null) => new(TestImage.Elf32(emit), options);

    public Pc Pc { get; }

    public PcEnd End { get; }

    public string Serial => Encoding.ASCII.GetString(serial.ToArray());

    public LogicalProcessor* Lp => Pc.Cores[0].Lp;

    public byte[] Read(ulong address, int bytes)
    {
        byte[] read = new byte[bytes];
        Pc.Memory.Read(new Hpa(address), read, inSeam: false);
        return read;
    }

    public uint Read32(ulong address) => BitConverter.ToUInt32(Read(address, 4));

    public ulong Read64(ulong address) => BitConverter.ToUInt64(Read(address, 8));

    public string ReadText(ulong address)
    {
        List<byte> text = [];
        for (byte next; (next = Read(address++, 1)[0]) != 0;)
            text.Add(next);
        return Encoding.UTF8.GetString([.. text]);
    }

    public void Dispose()
    {
        Pc.Dispose();
        serial.Dispose();
    }
}
