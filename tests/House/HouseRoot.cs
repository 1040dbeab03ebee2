namespace Seamsim.Tests.House;

/// <summary>Finds the checkout the tests were built from.</summary>
internal static class HouseRoot
{
    /// <summary>The folder that holds Simulator.sln.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
            if (File.Exists(System.IO.Path.Combine(d.FullName, "Simulator.sln")))
                return d.FullName;
        throw new InvalidOperationException("Simulator.sln is not above " + AppContext.BaseDirectory);
    }
}
