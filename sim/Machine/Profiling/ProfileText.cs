using System.Globalization;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>Names as every file, table, stack and plot writes them.</summary>
internal static class ProfileText
{
    /// <summary>A cause, e.g. <c>vmcs_access</c>.</summary>
    public static string Of(Cause cause) => Snake(cause.ToString());

    /// <summary>A phase, e.g. <c>td_exit</c>.</summary>
    public static string Of(LeafPhase phase) => Snake(phase.ToString());

    /// <summary>A world, e.g. <c>host_modelled</c>.</summary>
    public static string Of(World world) => Snake(world.ToString());

    /// <summary>A number.</summary>
    public static string Of(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Cycles of an instruction with three decimals, rounded to the nearest; empty without instructions.</summary>
    public static string OfCpi(ulong cycles, ulong instructions)
    {
        if (instructions == 0)
            return "";
        UInt128 thousandths = (((UInt128)cycles * 1000) + (instructions / 2)) / instructions;
        return string.Create(CultureInfo.InvariantCulture, $"{thousandths / 1000}.{thousandths % 1000:D3}");
    }

    /// <summary>A logical processor, as the statistics name it.</summary>
    public static string OfLp(int lp) => string.Create(CultureInfo.InvariantCulture, $"lp{lp}");

    /// <summary>The cause, phase or world of a name.</summary>
    /// <exception cref="FormatException">There is none of this name.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
            if (Snake(value.ToString()) == name)
                return value;
        throw new FormatException(
            $"\"{name}\": expected one of {string.Join(", ", Enum.GetNames<T>().Select(Snake))}");
    }

    private static string Snake(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}"
            : $"{char.ToLowerInvariant(c)}"));
}
