namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>All policies, in the order of their history.</summary>
public static class CpuidPolicyCatalog
{
    /// <summary>P0 to P7.</summary>
    public static IReadOnlyList<ICpuidPolicy> All { get; } =
    [
        new PreV19Policy(), new V19Policy(), new Poc1Policy(), new SeriesPolicy(),
        new NextStep1Policy(), new NextStep2Policy(), new UpstreamPolicy(), new AllowListPolicy(),
    ];

    /// <summary>The names <see cref="Find"/> knows, for help and error messages.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. All.Select(policy => policy.Id), .. All.Select(policy => policy.Name), "series"];

    /// <summary>One line per policy: id, name, what it does.</summary>
    public static IEnumerable<string> Lines =>
        All.Select(policy => $"{policy.Id} {policy.Name,-10} {policy.Description}");

    /// <summary>A policy by id (P3) or name (poc2, also "series"); null when there is none.</summary>
    public static ICpuidPolicy? Find(string name)
    {
        string wanted = name == "series" ? "poc2" : name;
        return All.FirstOrDefault(policy => policy.Id == wanted || policy.Name == wanted);
    }
}
