namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>
/// Random instructions in random states of random modes: no exception in the simulator, no hang, and blocks come to the
/// same state as single instructions. CI runs 10⁸ of them. To see a failure again: perf/README.md.
/// </summary>
public sealed class FuzzTests
{
    private const ulong Seed = 1;

    [Test]
    public void Random_instructions_end_in_the_same_state_on_two_machines() => Run(200_000);

    [Test]
    [Category("Slow"), Explicit("takes hours")]
    public void A_billion_random_instructions_end_in_the_same_state_on_two_machines() => Run(1_000_000_000);

    private static void Run(long instructions)
    {
        FuzzRun run = new(Seed, instructions);
        string? wrong = run.Run(Environment.ProcessorCount);
        TestContext.Out.WriteLine(run.Mix);
        Assert.That(wrong, Is.Null);
        Assert.That((decimal)run.Mix.Forms / (run.Mix.Forms + run.Mix.Bytes), Is.EqualTo(0.5m).Within(0.05m));
    }
}
