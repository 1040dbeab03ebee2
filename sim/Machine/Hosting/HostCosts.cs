using System.Globalization;
using Seamsim.Host;

namespace Seamsim.Hosting;

/// <summary>sim/Host/Data/costs.csv: what host work done in C# costs in core cycles.</summary>
internal sealed class HostCosts
{
    private readonly Dictionary<string, ulong> cycles = [];

    /// <summary>Reads the embedded table.</summary>
    public HostCosts()
    {
        using Stream stream = typeof(ICpu).Assembly.GetManifestResourceStream("costs.csv")!;
        using StreamReader reader = new(stream);
        bool header = true;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            string[] cells = line.Split(',');
            if (!header)
                cycles.Add(cells[0], ulong.Parse(cells[1], CultureInfo.InvariantCulture));
            header = false;
        }
    }

    /// <summary>Cycles of one unit of a cost.</summary>
    public ulong this[string name] => cycles[name];
}
