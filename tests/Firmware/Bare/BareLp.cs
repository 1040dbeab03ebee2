using System.Numerics;
using System.Runtime.InteropServices;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware;

/// <summary>One logical processor of a <see cref="BareMachine"/> in SEAM root.</summary>
internal sealed class BareLp : ISeamPlatform
{
    private readonly BareMachine machine;
    private readonly ulong[] gprs = new ulong[16];
    private readonly List<LockRelease> releases = [];
    private readonly ulong transferVmcs;
    private readonly ulong[] debugRegisters = new ulong[8];
    private readonly Dictionary<int, ulong> controlRegisters = [];
    private ulong xcr0 = 1, random;
    private BareVmcs? current;

    public BareLp(BareMachine machine, int index, int package, int thread)
    {
        this.machine = machine;
        (LpIndex, Package) = (index, package);
        Cpu = new BareCpu(BareMachine.Keys, package, thread, machine.SeamBase, BareMachine.SeamBytes);
        random = (ulong)index + 1;
        transferVmcs = machine.Layout.VmcsOf(index);
        VmptrldTransferVmcs();
        current!.Fields[VmcsField.GuestRip] = 0x1000;
    }

    public int LpIndex { get; }

    public int Package { get; }

    public BareCpu Cpu { get; }

    public KeyIdLayout Keys => BareMachine.Keys;

    /// <summary>How many RDRAND/RDSEED results are left; then they fail. Unlimited at first.</summary>
    public int Entropy { get; set; } = int.MaxValue;

    /// <summary>What PCONFIG answers.</summary>
    public PconfigResult Pconfig { get; set; }

    /// <summary>What SEAMOPS leaf 0 answers: GETREF and REPORT.</summary>
    public ulong SeamopsCapabilities { get; set; } = 0x3F;

    /// <summary>What VMLAUNCH and VMRESUME answer.</summary>
    public VmxResult Entry { get; set; }

    /// <summary>VM entries made, with the launch flag.</summary>
    public List<bool> Entries { get; } = [];

    /// <summary>INVEPT executions.</summary>
    public List<(int Type, ulong Eptp)> Invepts { get; } = [];

    /// <summary>Keys programmed by PCONFIG.</summary>
    public List<KeyId> ProgrammedKeys { get; } = [];

    /// <summary>Operations charged, by kind.</summary>
    public Dictionary<Operation, int> Charges { get; } = [];

    /// <summary>Releases that are due when the entry ends.</summary>
    public IReadOnlyList<LockRelease> PendingReleases => releases;

    /// <summary>The VMCS that is current.</summary>
    public BareVmcs? CurrentVmcs => current;

    /// <summary>What SEAMOPS leaves other than 0 answer; null: success with zeroes.</summary>
    public Func<ulong, Hpa, Hpa, SeamopsResult>? SeamopsHandler { get; set; }

    /// <summary>R9 of the last SEAMOPS: REPORTTYPE of a report.</summary>
    public ulong SeamopsR9 { get; private set; }

    /// <summary>R10..R14 of the last SEAMOPS.</summary>
    public SeamdbReference SeamdbReference { get; private set; }

    /// <summary>Applies what the entry handed to <see cref="ReleaseAtEnd"/>.</summary>
    public void EndEntry()
    {
        foreach (LockRelease release in releases)
            Apply(release);
        releases.Clear();
    }

    public ref ulong Gpr(int register) => ref gprs[register];

    public bool TryVmread(VmcsField field, out ulong value)
    {
        value = 0;
        if (current is null || ((uint)field & 1) != 0 || !Enum.IsDefined(field))
            return false;
        value = current.Fields.GetValueOrDefault(field);
        return true;
    }

    public ulong Vmread(VmcsField field) => TryVmread(field, out ulong value) ? value : 0;

    public VmxResult Vmwrite(VmcsField field, ulong value)
    {
        if (current is null)
            return VmxResult.FailInvalid;
        current.Fields[field] = value;
        return VmxResult.Succeed;
    }

    public VmxResult Vmptrld(Hpa vmcs)
    {
        if (!machine.Vmcss.TryGetValue(vmcs.Value, out current))
            machine.Vmcss.Add(vmcs.Value, current = new BareVmcs());
        return VmxResult.Succeed;
    }

    public VmxResult VmptrldTransferVmcs() => Vmptrld(new Hpa(transferVmcs));

    public VmxResult Vmclear(Hpa vmcs)
    {
        if (machine.Vmcss.TryGetValue(vmcs.Value, out BareVmcs? cleared))
            cleared.Launched = false;
        if (cleared is not null && cleared == current)
            current = null;
        return VmxResult.Succeed;
    }

    public VmxResult EnterGuest(bool launch)
    {
        Entries.Add(launch);
        if (Entry == VmxResult.Succeed && current is not null)
            current.Launched = true;
        return Entry;
    }

    public VmxResult Invept(int type, ulong eptp)
    {
        Invepts.Add((type, eptp));
        return VmxResult.Succeed;
    }

    public VmxResult Invvpid(int type, ushort vpid, Gva address) => VmxResult.Succeed;

    public bool TryRdmsr(uint msr, out ulong value) => Cpu.Msrs.TryGetValue(msr, out value);

    public bool TryWrmsr(uint msr, ulong value)
    {
        if (!Cpu.Msrs.ContainsKey(msr))
            return false;
        if (msr is not (0x99 or 0x49))
            Cpu.Msrs[msr] = value;
        return true;
    }

    public CpuidResult Cpuid(uint leaf, uint subleaf) => Cpu.Cpuid(leaf, subleaf);

    public ulong Xgetbv() => xcr0;

    public bool TryXsetbv(ulong value)
    {
        if ((value & 1) == 0)
            return false;
        xcr0 = value;
        return true;
    }

    public void Xsaves(Hpa area, ulong mask)
    {
    }

    public bool TryXrstors(Hpa area, ulong mask) => true;

    public ulong ReadCr(int number) => controlRegisters.GetValueOrDefault(number);

    public void WriteCr(int number, ulong value) => controlRegisters[number] = value;

    public ulong ReadDr(int number) => debugRegisters[number];

    public void WriteDr(int number, ulong value) => debugRegisters[number] = value;

    public T Read<T>(Hpa address) where T : unmanaged
    {
        T value = machine.Memory.Read<T>(address, inSeam: true, out MemoryResult result);
        Assert.That(result, Is.EqualTo(MemoryResult.Ok), $"read of {address}");
        return value;
    }

    public void Write<T>(Hpa address, T value) where T : unmanaged => machine.Memory.Write(address, value,
        inSeam: true);

    public void ReadBytes(Hpa address, Span<byte> destination)
    {
        MemoryResult result = machine.Memory.Read(address, destination, inSeam: true);
        Assert.That(result, Is.EqualTo(MemoryResult.Ok), $"read of {address}");
    }

    public void WriteBytes(Hpa address, ReadOnlySpan<byte> source) =>
        machine.Memory.Write(address, source, inSeam: true);

    public T CompareExchange<T>(Hpa address, T expected, T value) where T : unmanaged, IBinaryInteger<T>
    {
        T old = Read<T>(address);
        if (old == expected)
            Write(address, value);
        return old;
    }

    public T FetchAdd<T>(Hpa address, T addend) where T : unmanaged, IBinaryInteger<T>
    {
        T old = Read<T>(address);
        Write(address, unchecked(old + addend));
        return old;
    }

    public bool BitTestAndSet(Hpa address, int bit) => SetBit(address, bit, true);

    public bool BitTestAndReset(Hpa address, int bit) => SetBit(address, bit, false);

    public void ReleaseAtEnd(LockRelease release) => releases.Add(release);

    public void FillPage(Hpa page, ulong pattern) => machine.Memory.FillPage(page, pattern, inSeam: true);

    public void CopyPage(Hpa destination, Hpa source)
    {
        Span<byte> bytes = stackalloc byte[4096];
        machine.Memory.Read(source, bytes, inSeam: true);
        machine.Memory.Write(destination, bytes, inSeam: true, direct: true);
    }

    public void FlushPage(Hpa page) => machine.Memory.PageWrittenBack(page);

    public PconfigResult PconfigSetRandomKey(KeyId key, bool integrity)
    {
        if (Pconfig == PconfigResult.Success)
        {
            ProgrammedKeys.Add(key);
            machine.Memory.ProgramKey(0, key, Next(), integrity);
        }
        return Pconfig;
    }

    public SeamopsResult Seamops(
        ulong leaf, Hpa rcx, Hpa rdx, ulong r8, ulong r9, SeamdbReference reference = default)
    {
        (SeamopsR9, SeamdbReference) = (r9, reference);
        return leaf == 0
            ? new SeamopsResult { Rax = SeamopsCapabilities }
            : SeamopsHandler?.Invoke(leaf, rcx, rdx) ?? default;
    }

    public bool TryRdrand(out ulong value) => TryRandom(out value);

    public bool TryRdseed(out ulong value) => TryRandom(out value);

    public ulong Rdtsc() => machine.Tsc += 100;

    public void Charge(Operation operation, int count = 1) =>
        CollectionsMarshal.GetValueRefOrAddDefault(Charges, operation, out _) += count;

    private bool TryRandom(out ulong value)
    {
        value = 0;
        if (Entropy == 0)
            return false;
        Entropy--;
        value = Next();
        return true;
    }

    // SplitMix64: seeded by the index of the logical processor.
    private ulong Next()
    {
        ulong z = random += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }

    private bool SetBit(Hpa address, int bit, bool value)
    {
        ulong old = Read<ulong>(address);
        Write(address, value ? old | 1UL << bit : old & ~(1UL << bit));
        return (old >> bit & 1) != 0;
    }

    private void Apply(LockRelease r)
    {
        ulong old = r.Bytes switch
        {
            1 => Read<byte>(r.Word),
            2 => Read<ushort>(r.Word),
            4 => Read<uint>(r.Word),
            _ => Read<ulong>(r.Word),
        };
        ulong value = r.Kind switch
        {
            LockReleaseKind.Subtract => old - r.Value,
            LockReleaseKind.Store    => r.Value,
            _                        => old & ~r.Value,
        };
        switch (r.Bytes)
        {
            case 1: Write(r.Word, (byte)value); break;
            case 2: Write(r.Word, (ushort)value); break;
            case 4: Write(r.Word, (uint)value); break;
            default: Write(r.Word, value); break;
        }
    }
}
