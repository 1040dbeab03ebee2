using Seamsim.Isa;

namespace Seamsim.Host;

/// <summary>
/// One online logical processor as host kernel code sees it. The machine implements it; host code runs only while the
/// processor is in the host world (D6).
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

    /// <summary>The vector of the exception the last stub ended with (6 #UD, 13 #GP, …); −1 when it ran through.</summary>
    int StubException { get; }

    /// <summary>The clock of this processor in core cycles.</summary>
    ulong Cycles { get; }

    /// <summary>
    /// Starts the real instruction bytes of <paramref name="stub"/> on this processor; <paramref name="done"/> runs, in
    /// host context on the same processor, when they have returned to the host (normally or by an exception).
    /// </summary>
    void Run(Stub stub, Action done);

    /// <summary>Charges a row of Data/costs.csv to this processor as "host (modelled)".</summary>
    void Charge(string cost, int count = 1);
}

/// <summary>The instruction sequences the host kernel executes through real bytes in simulated memory.</summary>
public enum Stub : byte
{
#pragma warning disable CS1591 // instruction names
    Seamcall, Vmxon, Vmxoff, Wbinvd, Rdmsr, Wrmsr, Cpuid, Rdtsc, Movdir64bPage, ClflushPage, HltIdle,
#pragma warning restore CS1591
}

/// <summary>
/// Physical memory as the host kernel's own direct map reaches it: KeyID 0, ciphertext where it should not look.
/// </summary>
public interface IHostMemory
{
    /// <summary>RAM ranges given to the kernel (base, bytes), ascending: what memblock holds.</summary>
    IReadOnlyList<(ulong Base, ulong Bytes)> Ranges { get; }

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

    /// <summary>Puts a host continuation into the run queue of a processor; it runs when that processor is in the host world.</summary>
    void Post(ICpu cpu, Action continuation);

    /// <summary>
    /// Makes the processor leave SEAM or a TD (an IPI); <paramref name="continuation"/> then runs on it in host context.
    /// </summary>
    void Interrupt(ICpu cpu, Action continuation);

    /// <summary>A line for the kernel log (dmesg).</summary>
    void Log(ICpu cpu, string line);
}
