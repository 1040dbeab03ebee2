namespace Seamsim.Timing;

/// <summary>
/// Level 1 of the top-down method (A. Yasin, ISPASS 2014), in cycles in place of issue slots: a quarter of the slots for
/// four cycles is one cycle. The four sum to the cycles of the world.
/// </summary>
/// <param name="Retiring">µops of instructions that retire, at full width.</param>
/// <param name="BadSpeculation">Branches that went another way than predicted.</param>
/// <param name="FrontEndBound">What only predecode, decode and the µop cache need, and fetches that missed.</param>
/// <param name="BackEndBound">
/// The rest: ports and dependencies, loads and translations, and every operation with a cost of its own.
/// </param>
public readonly record struct TopDown(ulong Retiring, ulong BadSpeculation, ulong FrontEndBound, ulong BackEndBound)
{
    /// <summary>The worlds in which a pipeline does something.</summary>
    public static IReadOnlyList<World> Worlds { get; } = [World.Host, World.Transition, World.Seam, World.Td];

    /// <summary>The four with the method's names for them.</summary>
    public IReadOnlyList<(string Name, ulong Cycles)> Named =>
    [
        ("retiring", Retiring), ("bad_speculation", BadSpeculation), ("frontend_bound", FrontEndBound),
        ("backend_bound", BackEndBound),
    ];

    /// <summary>The cycles of the world.</summary>
    public ulong Total => Retiring + BadSpeculation + FrontEndBound + BackEndBound;

    /// <summary>The sum of all four.</summary>
    public static TopDown operator +(TopDown a, TopDown b) => new(a.Retiring + b.Retiring,
        a.BadSpeculation + b.BadSpeculation, a.FrontEndBound + b.FrontEndBound, a.BackEndBound + b.BackEndBound);
}
