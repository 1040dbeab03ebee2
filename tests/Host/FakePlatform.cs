using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Tests.Host;

/// <summary>
/// A host platform without a processor: stubs are answered by C#, SEAMCALL by a <see cref="FakeModule"/>.
/// </summary>
internal sealed class FakePlatform : IHostPlatform, IHostMemory
{
    private const ulong GiB = 1UL << 30;
    private readonly Dictionary<ulong, byte[]> pages = [];

    public FakePlatform(int packages = 1, int cpusPerPackage = 1, params (ulong Base, ulong Bytes)[] ranges)
    {
        Packages = packages;
        Ranges = ranges.Length != 0 ? ranges : [(0, GiB)];
        FakeCpus =
            [.. Enumerable.Range(0, packages * cpusPerPackage).Select(i => new FakeCpu(this, i, i / cpusPerPackage))];
        Module = new FakeModule(this);
    }

    public FakeModule Module { get; }

    public List<FakeCpu> FakeCpus { get; }

    public IReadOnlyList<ICpu> Cpus => FakeCpus;

    public IHostMemory Memory => this;

    public int Packages { get; }

    public List<string> LogLines { get; } = [];

    public IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

    public IReadOnlyList<(ulong Base, ulong Bytes)> Reserved { get; init; } = [(0x100000, 0x10000)];

    /// <summary>MSRs of every processor; one that is missing faults. 16 MKTME and 4 TDX KeyIDs, 5-level EPT.</summary>
    public Dictionary<uint, ulong> Msrs { get; } = new()
    {
        [0x87] = 4UL << 32 | 16, [0x982] = 5UL << 32, [0x480] = 0x11,
        [0x48C] = 1UL << 6 | 1UL << 7 | 1UL << 14 | 1UL << 21,
    };

    /// <summary>CPUID of every processor; leaves that are missing answer zeros.</summary>
    public Dictionary<(uint, uint), CpuidValue> Cpuid { get; } = new()
    {
        [(0, 0)] = new(0x23, 0x756E6547, 0x6C65746E, 0x49656E69),
        [(1, 0)] = new(0x806F8, 0x00100800, 0x7FFEFBFF, 0xBFEBFBFF),
        [(4, 0)] = new(0x121, 0x02C0003F, 0x3F, 0),
        [(7, 0)] = new(2, 0xF3BFBFFB, 0xFB415F6E, 0xFFDD4432),
        [(0xD, 0)] = new(0x602E7, 0x2B00, 0x2B00, 0),
        [(0x8000_0000, 0)] = new(0x8000_0008, 0, 0, 0),
        [(0x8000_0008, 0)] = new(0x0000_3934 & 0xFF00 | 52, 0x200, 0, 0),
    };

    public void Read(Hpa address, Span<byte> destination)
    {
        for (int i = 0; i < destination.Length; i++)
        {
            ulong at = address.Value + (ulong)i;
            destination[i] = pages.TryGetValue(at >> 12, out byte[]? page) ? page[at & 0xFFF] : (byte)0;
        }
    }

    public void Write(Hpa address, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < source.Length; i++)
        {
            ulong at = address.Value + (ulong)i;
            if (!pages.TryGetValue(at >> 12, out byte[]? page))
                pages.Add(at >> 12, page = new byte[4096]);
            page[at & 0xFFF] = source[i];
        }
    }

    public ulong Qword(ulong address)
    {
        byte[] bytes = new byte[8];
        Read(new Hpa(address), bytes);
        return BitConverter.ToUInt64(bytes);
    }

    public void Post(ICpu cpu, Action continuation) => FakeCpus[cpu.Index].Queue.AddLast(continuation);

    public void Interrupt(ICpu cpu, Action continuation) => FakeCpus[cpu.Index].Queue.AddFirst(continuation);

    public void Log(ICpu cpu, string line) => LogLines.Add(line);

    /// <summary>Runs a host flow, and whatever it starts, to its end.</summary>
    public T Run<T>(Func<HostTask<T>> flow)
    {
        T? result = default;
        bool ended = false;
        HostTask.Spawn(this, Cpus[0], async () =>
        {
            result = await flow();
            ended = true;
        });
        Drain();
        Assert.That(ended, Is.True, "the host flow waits for something that never comes");
        return result!;
    }

    public void Run(Func<HostTask> flow) => Run(async () =>
    {
        await flow();
        return true;
    });

    /// <summary>Gives the processors turns until none has anything left.</summary>
    public void Drain()
    {
        bool any = true;
        while (any)
        {
            any = false;
            foreach (FakeCpu cpu in FakeCpus)
                any |= cpu.TakeTurn();
        }
    }
}

/// <summary>A processor of <see cref="FakePlatform"/>.</summary>
internal sealed class FakeCpu(FakePlatform platform, int index, int package) : ICpu
{
    private readonly ulong[] gpr = new ulong[16];
    private Action? stubDone;

    /// <summary>Host code that waits for this processor.</summary>
    public LinkedList<Action> Queue { get; } = new();

    public int Index => index;

    public int Package => package;

    public ulong Rflags { get; set; }

    public int StubException { get; set; } = -1;

    public ulong Cycles { get; private set; }

    public ulong Instructions { get; private set; }

    public List<Stub> Stubs { get; } = [];

    public HashSet<ulong> Flushed { get; } = [];

    public HashSet<ulong> Cleared { get; } = [];

    public bool InVmx { get; private set; }

    public ref ulong Gpr(int register) => ref gpr[register];

    public void Charge(string cost, int count = 1)
    {
    }

    public void Run(Stub stub, Action done)
    {
        Assert.That(stubDone is null, Is.True, "two stubs at a time on one processor");
        stubDone = done;
        Stubs.Add(stub);
        Cycles += 10;
        Instructions++;
        (StubException, Rflags) = (-1, 2);
        Execute(stub);
    }

    /// <summary>The end of a stub, else the first in the queue; false when there is nothing.</summary>
    public bool TakeTurn()
    {
        Action? next = stubDone;
        stubDone = null;
        if (next is null && Queue.First is { } first)
        {
            next = first.Value;
            Queue.RemoveFirst();
        }
        next?.Invoke();
        return next is not null;
    }

    private void Execute(Stub stub)
    {
        switch (stub)
        {
            case Stub.Seamcall when !InVmx:
                StubException = 6;
                break;
            case Stub.Seamcall:
                platform.Module.Seamcall(this);
                break;
            case Stub.Vmxon:
                InVmx = true;
                break;
            case Stub.Vmxoff:
                InVmx = false;
                break;
            case Stub.Rdmsr when platform.Msrs.TryGetValue((uint)gpr[1], out ulong value):
                gpr[0] = (uint)value;
                gpr[2] = value >> 32;
                break;
            case Stub.Rdmsr:
                StubException = 13;
                break;
            case Stub.Wrmsr:
                platform.Msrs[(uint)gpr[1]] = (uint)gpr[0] | gpr[2] << 32;
                break;
            case Stub.Cpuid:
                CpuidValue answer = platform.Cpuid.GetValueOrDefault(((uint)gpr[0], (uint)gpr[1]));
                (gpr[0], gpr[3], gpr[1], gpr[2]) = (answer.Eax, answer.Ebx, answer.Ecx, answer.Edx);
                break;
            case Stub.ClflushPage:
                Flushed.Add(gpr[0]);
                break;
            case Stub.Movdir64bPage:
                Cleared.Add(gpr[0]);
                break;
            default:
                break;
        }
    }
}
