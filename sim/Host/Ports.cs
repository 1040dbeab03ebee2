using Seamsim.Isa;

namespace Seamsim.Host;

/// <summary>
/// One logical processor as host kernel code sees it. The machine implements it; host code runs only while the
/// processor is in the host world (D6). The machine has brought it to 64-bit mode, CPL 0, CR4.VMXE set and
/// IA32_FEATURE_CONTROL locked with VMXON allowed, as firmware and early boot leave it.
/// </summary>
public interface ICpu
{
    /// <summary>Position in the platform, 0-based.</summary>
    int Index { get; }

    /// <summary>Package number, 0-based.</summary>
    int Package { get; }

    /// <summary>A general register: 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8.. R8..</summary>
    ref ulong Gpr(int register);

    /// <summary>RFLAGS as the last stub left them (CF and ZF tell VMfail).</summary>
    ulong Rflags { get; }

    /// <summary>
    /// The vector of the exception the last stub ended with (6 #UD, 13 #GP, …); −1 when it ran through.
    /// </summary>
    int StubException { get; }

    /// <summary>The clock of this processor in core cycles.</summary>
    ulong Cycles { get; }

    /// <summary>Instructions this processor has retired in all worlds.</summary>
    ulong Instructions { get; }

    /// <summary>
    /// Starts the real instruction bytes of <paramref name="stub"/> on this processor and returns at once;
    /// <paramref name="done"/> runs later, in host context on the same processor, when they have returned to the host
    /// (normally or by an exception), and before anything else this processor's run queue holds: it reads registers.
    /// One stub at a time runs on a processor; host code of that processor waits in its run queue meanwhile.
    /// </summary>
    void Run(Stub stub, Action done);

    /// <summary>Charges a row of Data/costs.csv to this processor as "host (modelled)".</summary>
    void Charge(string cost, int count = 1);
}

/// <summary>The instruction sequences the host kernel executes through real bytes in simulated memory.</summary>
public enum Stub : byte
{
    /// <summary>SEAMCALL; every register but RSP is the leaf's.</summary>
    Seamcall,

    /// <summary>VMXON of the region whose physical address is in RAX.</summary>
    Vmxon,

    /// <summary>VMXOFF.</summary>
    Vmxoff,

    /// <summary>WBINVD.</summary>
    Wbinvd,

    /// <summary>RDMSR of ECX into EDX:EAX.</summary>
    Rdmsr,

    /// <summary>WRMSR of EDX:EAX to ECX.</summary>
    Wrmsr,

    /// <summary>CPUID of EAX, ECX.</summary>
    Cpuid,

    /// <summary>RDTSC into EDX:EAX.</summary>
    Rdtsc,

    /// <summary>MOVDIR64B of zeros, 64 lines, to the page whose physical address (direct map) is in RAX.</summary>
    Movdir64bPage,

    /// <summary>CLFLUSH of the 64 lines of the page whose physical address (direct map) is in RAX.</summary>
    ClflushPage,

    /// <summary>STI; HLT: the processor sleeps until an interrupt.</summary>
    HltIdle,
}

/// <summary>
/// Physical memory as the host kernel's own direct map reaches it: KeyID 0, ciphertext where it should not look.
/// </summary>
public interface IHostMemory
{
    /// <summary>RAM ranges given to the kernel (base, bytes), ascending: what memblock holds.</summary>
    IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

    /// <summary>
    /// Parts of <see cref="Ranges"/> that already hold something (stubs, page tables, descriptor tables, stacks): the
    /// page allocator leaves them alone.
    /// </summary>
    IReadOnlyList<(ulong Base, ulong Bytes)> Reserved { get; }

    /// <summary>Reads through KeyID 0.</summary>
    void Read(Hpa address, Span<byte> destination);

    /// <summary>Writes through KeyID 0.</summary>
    void Write(Hpa address, ReadOnlySpan<byte> source);
}

/// <summary>The machine a host kernel runs on.</summary>
public interface IHostPlatform
{
    /// <summary>All logical processors, by index.</summary>
    IReadOnlyList<ICpu> Cpus { get; }

    /// <summary>The kernel's view of memory.</summary>
    IHostMemory Memory { get; }

    /// <summary>Number of packages.</summary>
    int Packages { get; }

    /// <summary>
    /// Puts a host continuation into the run queue of a processor; it runs when that processor is in the host world.
    /// </summary>
    void Post(ICpu cpu, Action continuation);

    /// <summary>
    /// Makes the processor leave SEAM or a TD (an IPI) as soon as the architecture allows;
    /// <paramref name="continuation"/> then stands first in its run queue, behind the <c>done</c> of the stub it left.
    /// </summary>
    void Interrupt(ICpu cpu, Action continuation);

    /// <summary>A line for the kernel log (dmesg).</summary>
    void Log(ICpu cpu, string line);
}
