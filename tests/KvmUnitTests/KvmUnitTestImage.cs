using System.Text;
using Seamsim.BareMetal;
using Seamsim.Loading;

namespace Seamsim.Tests.KvmUnitTests;

/// <summary>What an image of kvm-unit-tests needs, beyond what all of them get.</summary>
/// <param name="Name">The file's name without extension.</param>
/// <param name="Complete">Everything it tests is there: it has to pass.</param>
internal sealed record KvmUnitTestImage(string Name, bool Complete = false)
{
    private const string EnvironmentName = "environ";

    /// <summary>Arguments on the command line.</summary>
    public string Arguments { get; init; } = "";

    /// <summary>Logical processors.</summary>
    public int Processors { get; init; } = 1;

    /// <summary>Instructions it may execute.</summary>
    public ulong MaxInstructions { get; init; } = 1_000_000_000;

    /// <summary>The images that are known to need something, or to be complete.</summary>
    public static IReadOnlyList<KvmUnitTestImage> Known { get; } =
    [
        new("cet",         Complete: true),
        new("cmpxchg8b",   Complete: true),
        new("emulator",    Complete: true),
        new("eventinj",    Complete: true),
        new("idt_test",    Complete: true),
        new("la57",        Complete: true),
        new("lam",         Complete: true),
        new("memory",      Complete: true),
        new("msr",         Complete: true),
        new("pcid",        Complete: true),
        new("pks",         Complete: true),
        new("pku",         Complete: true),
        new("rdpru",       Complete: true),
        new("setjmp",      Complete: true),
        new("sieve")       { MaxInstructions = 8_000_000_000 },
        new("smap",        Complete: true),
        new("smptest",     Complete: true) { Processors = 2 },
        new("syscall",     Complete: true),
        new("taskswitch",  Complete: true),
        new("taskswitch2", Complete: true),
        new("tsc",         Complete: true) { Processors = 2 },
        new("tsc_adjust",  Complete: true),
        new("umip",        Complete: true),
        new("xsave",       Complete: true),
        new("apic")        { Processors = 2 },
        new("vmexit")      { Arguments = "cpuid", MaxInstructions = 200_000_000 },
    ];

    /// <summary>What is known of an image.</summary>
    public static KvmUnitTestImage Of(string name) =>
        Known.FirstOrDefault(image => image.Name == name) ?? new KvmUnitTestImage(name);

    /// <summary>The machine it gets.</summary>
    public PcOptions Machine => new()
    {
        Processors = Processors, MaxInstructions = MaxInstructions, MemoryBytes = 512UL << 20, TestDevice = true,
    };

    /// <summary>
    /// The images' environment, as their first module: there is no firmware configuration device to ask, and no
    /// instruction of another vendor is emulated (TEST_DEVICE=0 says so to those that care).
    /// </summary>
    public MultibootModule Environment =>
        new(EnvironmentName, Encoding.ASCII.GetBytes($"NR_CPUS={Processors}\nTEST_DEVICE=0\n"), EnvironmentName);
}
