using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>The cost models by name.</summary>
public static class CostModels
{
    private static readonly (string Name, Func<ICostModel> Create)[] Models =
    [
        ("functional", static () => Functional.Instance),
        (Interval.ShortName, static () => new Interval(CoreParameters.Shipped)),
    ];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> All => Models.Select(model => model.Name);

    /// <summary>
    /// A model with the parameters that belong to the program, by its short name or by the name figures carry; null
    /// when there is none of this name.
    /// </summary>
    public static ICostModel? Create(string name)
    {
        foreach ((string model, Func<ICostModel> create) in Models)
            if (name.StartsWith(model, StringComparison.Ordinal) && create() is { } found
                && (name == model || name == found.Name))
                return found;
        return null;
    }
}
