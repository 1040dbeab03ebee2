using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Vmm;
using Seamsim.Isa;
using Seamsim.Runs;

namespace Seamsim.Tests.Integration;

/// <summary>A machine that is READY and one TD built on it: host, isa and module together, nothing replaced.</summary>
internal sealed class TdRig : IDisposable
{
    private readonly OutputConsole console = new();

    public TdRig(GuestImage guest, ulong seed = 1, ulong memoryBytes = 2UL << 20)
    {
        Machine = new Machine(new Platform { MemoryBytes = 1UL << 30, Seed = seed });
        Machine.BringUp();
        Config = new TdConfig { Name = guest.Name, Guest = guest, MemoryBytes = memoryBytes, InitialBytes = 128 << 10 };
        Vmm = new TdVmm(Machine.Kvm, Config, console);
        Assert.That(Machine.Execute(0, Vmm.Build), Is.EqualTo(Errno.Ok), Vmm.Reason);
    }

    public TdRig(string builtIn, ulong seed = 1)
        : this(BuiltInGuests.Find(builtIn)!, seed)
    {
    }

    public Machine Machine { get; }

    public TdConfig Config { get; }

    public TdVmm Vmm { get; }

    public HostKernel Kernel => Machine.Kernel;

    public string Output => console.Text;

    public Hpa Tdr => Vmm.Td!.Tdr;

    /// <summary>Runs the guest to its end.</summary>
    public void Run()
    {
        TdEnd end = Machine.Execute(0, Vmm.Run);
        Assert.That(end, Is.EqualTo(TdEnd.Finished), $"{Vmm.Reason} {Output} {string.Join('\n', Machine.KernelLog)}");
    }

    public void Destroy() => Machine.Execute(0, async cpu =>
    {
        await Vmm.Destroy(cpu);
        return 0;
    });

    /// <summary>The physical page behind a private page, from TDH.MEM.SEPT.RD.</summary>
    public Hpa PrivatePage(ulong gpa)
    {
        SeamcallResult entry = Machine.Execute(0, cpu => Kernel.Tdh.MemSeptRd(cpu, Tdr, new Gpa(gpa), 0));
        Assert.That(entry.Ok, entry.Status.ToString());
        return new Hpa(entry.Rcx & 0x000F_FFFF_FFFF_F000);
    }

    /// <summary>Private memory through the TD's own key: what the guest sees.</summary>
    public byte[] ReadPrivate(ulong gpa, int count)
    {
        byte[] bytes = new byte[count];
        Hpa page = Machine.Parts.Memory.Keys.WithKey(PrivatePage(gpa), Vmm.Td!.KeyId!.Value);
        Machine.Parts.Memory.Read(page + (gpa & 0xFFF), bytes, inSeam: true);
        return bytes;
    }

    /// <summary>A SEAMCALL without the kernel's wrappers: RAX afterwards.</summary>
    public static async HostTask<ulong> Seamcall(ICpu cpu, ulong leaf, ulong rcx, ulong rdx = 0, ulong r8 = 0)
    {
        (cpu.Gpr(0), cpu.Gpr(1), cpu.Gpr(2), cpu.Gpr(8)) = (leaf, rcx, rdx, r8);
        await cpu.Execute(Stub.Seamcall);
        return cpu.Gpr(0);
    }

    public void Dispose() => Machine.Dispose();
}
