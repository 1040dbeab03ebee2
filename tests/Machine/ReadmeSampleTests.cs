namespace Seamsim.Tests.Composition;

/// <summary>The C# sample of the README, as it stands there.</summary>
[TestFixture]
internal sealed class ReadmeSampleTests
{
    [Test]
    public void The_sample_builds_a_machine_creates_a_td_and_reads_its_cpuid()
    {
        // sample begin
        using Machine machine = new(new Platform { Packages = 2, MemoryBytes = 4UL << 30, Seed = 42 });
        machine.BringUp();

        Td td = machine.CreateTd(new TdPlan { Name = "sample", Guest = "hello", Gpaw = 52 });
        Console.WriteLine($"TSC leaf in the TD: {td.ReadCpuid(0x15)}");
        Console.WriteLine($"a raw SEAMCALL: {machine.Seamcall(1, "TDH.SYS.RD", ("rdx", ulong.MaxValue)).Status}");

        bool passed = td.Run(out string reason);
        Console.WriteLine(passed ? td.Output : reason);
        td.Destroy();
        // sample end
        Assert.That(passed, Is.True, reason);
        Assert.That((td.ReadCpuid(0x8000_0008).Eax >> 16) & 0xFF, Is.EqualTo(52));
    }

    [Test]
    public void A_td_that_never_ends_is_stopped_at_its_limit()
    {
        using Machine machine = new(new Platform());
        machine.BringUp();
        Td td = machine.CreateTd(new TdPlan { Name = "spinner", Guest = "spin", MaxInstructions = 100_000 });
        bool passed = td.Run(out string reason);
        td.Destroy();
        Assert.That((passed, reason), Is.EqualTo((false, "Stopped: max_instructions of 100000 is spent")));
    }
}
