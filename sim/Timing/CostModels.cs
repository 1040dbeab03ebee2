using Seamsim.Isa.Ports;

namespace Seamsim.Timing;

/// <summary>The cost models by name.</summary>
public static class CostModels
{
    private static readonly (string Name, Func<ICostModel> Create)[] Models =
    [
        ("functional", static () => new Functional()),
    ];

    /// <summary>Their names.</summary>
    public static IEnumerable<string> All => Models.Select(model => model.Name);

    /// <summary>A model; null when there is none of this name.</summary>
    public static ICostModel? Create(string name) => Models.FirstOrDefault(model => model.Name == name).Create?.Invoke();
}
