namespace Seamsim.Timing.Blocks;

/// <summary>µops that may go to any of some ports.</summary>
/// <param name="Ports">Bit n is port n.</param>
/// <param name="Count">How many µops.</param>
internal readonly record struct PortUse(int Ports, int Count)
{
    /// <summary>Parses <c>1*p23+1*p0156</c>; a port is a hexadecimal digit.</summary>
    public static PortUse[] Parse(string text) =>
        TryParse(text) ?? throw new InvalidDataException($"expected ports as in 1*p23+1*p0156, not \"{text}\"");

    /// <summary>The same; null where it is none.</summary>
    public static PortUse[]? TryParse(string text)
    {
        if (text.Length == 0)
            return [];
        string[] parts = text.Split('+');
        PortUse[] uses = new PortUse[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            int star = parts[i].IndexOf("*p", StringComparison.Ordinal), ports = 0;
            if (star < 1 || !TableNumber.TryParse(parts[i][..star], out int count) || count < 0)
                return null;
            foreach (char digit in parts[i].AsSpan(star + 2))
            {
                if (!char.IsAsciiHexDigit(digit))
                    return null;
                ports |= 1 << Convert.ToInt32(digit.ToString(), 16);
            }
            if (ports == 0)
                return null;
            uses[i] = new(ports, count);
        }
        return uses;
    }

    /// <summary>As in the tables.</summary>
    public override string ToString() => $"{Count}*p{NamePorts(Ports)}";

    /// <summary>The digits of ports.</summary>
    public static string NamePorts(int ports)
    {
        string name = "";
        for (int port = 0; port < 16; port++)
            if ((ports >> port & 1) != 0)
                name += port.ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        return name;
    }

    /// <summary>A list as in the tables.</summary>
    public static string Describe(IEnumerable<PortUse> uses) => string.Join('+', uses);
}
