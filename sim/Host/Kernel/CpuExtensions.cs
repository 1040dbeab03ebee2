using System.Runtime.CompilerServices;

namespace Seamsim.Host.Kernel;

/// <summary>Waits for a stub on a processor.</summary>
/// <param name="Cpu">The processor.</param>
/// <param name="Stub">The instruction sequence.</param>
public readonly record struct StubRun(ICpu Cpu, Stub Stub) : INotifyCompletion
{
    /// <summary>Never: the processor has to run first.</summary>
    public bool IsCompleted => false;

    /// <summary>The awaiter is the value itself.</summary>
    public StubRun GetAwaiter() => this;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Cpu.Run(Stub, continuation);

    /// <summary>Nothing: results are in the processor's registers.</summary>
    public void GetResult()
    {
    }
}

/// <summary>Waits for the next turn in a processor's run queue.</summary>
/// <param name="Platform">The machine.</param>
/// <param name="Cpu">The processor.</param>
public readonly record struct Turn(IHostPlatform Platform, ICpu Cpu) : INotifyCompletion
{
    /// <summary>Never: others in the queue go first.</summary>
    public bool IsCompleted => false;

    /// <summary>The awaiter is the value itself.</summary>
    public Turn GetAwaiter() => this;

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => Platform.Post(Cpu, continuation);

    /// <summary>Nothing.</summary>
    public void GetResult()
    {
    }
}

/// <summary>CPUID as a processor answered it.</summary>
/// <param name="Eax">EAX.</param>
/// <param name="Ebx">EBX.</param>
/// <param name="Ecx">ECX.</param>
/// <param name="Edx">EDX.</param>
public readonly record struct CpuidValue(uint Eax, uint Ebx, uint Ecx, uint Edx)
{
    /// <summary>Bitwise AND, register by register.</summary>
    public static CpuidValue operator &(CpuidValue a, CpuidValue b) =>
        new(a.Eax & b.Eax, a.Ebx & b.Ebx, a.Ecx & b.Ecx, a.Edx & b.Edx);

    /// <summary>Bitwise OR, register by register.</summary>
    public static CpuidValue operator |(CpuidValue a, CpuidValue b) =>
        new(a.Eax | b.Eax, a.Ebx | b.Ebx, a.Ecx | b.Ecx, a.Edx | b.Edx);

    /// <summary>Bitwise complement.</summary>
    public static CpuidValue operator ~(CpuidValue a) => new(~a.Eax, ~a.Ebx, ~a.Ecx, ~a.Edx);
}

/// <summary>Single instructions the kernel executes on a processor.</summary>
public static class CpuExtensions
{
    /// <summary>Runs a stub; the awaiting flow goes on when the processor is back in the host.</summary>
    public static StubRun Execute(this ICpu cpu, Stub stub) => new(cpu, stub);

    /// <summary>RDMSR; null when it faults.</summary>
    public static async HostTask<ulong?> Rdmsr(this ICpu cpu, uint msr)
    {
        cpu.Gpr(1) = msr;
        await cpu.Execute(Stub.Rdmsr);
        return cpu.StubException >= 0 ? null : (uint)cpu.Gpr(0) | (cpu.Gpr(2) << 32);
    }

    /// <summary>WRMSR; false when it faults.</summary>
    public static async HostTask<bool> Wrmsr(this ICpu cpu, uint msr, ulong value)
    {
        cpu.Gpr(1) = msr;
        cpu.Gpr(0) = (uint)value;
        cpu.Gpr(2) = value >> 32;
        await cpu.Execute(Stub.Wrmsr);
        return cpu.StubException < 0;
    }

    /// <summary>CPUID.</summary>
    public static async HostTask<CpuidValue> Cpuid(this ICpu cpu, uint leaf, uint subleaf = 0)
    {
        cpu.Gpr(0) = leaf;
        cpu.Gpr(1) = subleaf;
        await cpu.Execute(Stub.Cpuid);
        return new CpuidValue((uint)cpu.Gpr(0), (uint)cpu.Gpr(3), (uint)cpu.Gpr(1), (uint)cpu.Gpr(2));
    }

    /// <summary>CLFLUSH of a page: no dirty line under KeyID 0 may be left when the page goes to the module.</summary>
    public static async HostTask ClflushPage(this ICpu cpu, ulong page)
    {
        cpu.Gpr(0) = page;
        await cpu.Execute(Stub.ClflushPage);
    }

    /// <summary>MOVDIR64B of zeros over a page: takes it back from whatever KeyID it was written with.</summary>
    public static async HostTask ClearPage(this ICpu cpu, ulong page)
    {
        cpu.Gpr(0) = page;
        await cpu.Execute(Stub.Movdir64bPage);
    }
}
