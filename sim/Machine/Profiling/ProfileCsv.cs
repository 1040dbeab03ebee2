using System.Text;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Profiling;

/// <summary>A profile as comma-separated tables.</summary>
internal static class ProfileCsv
{
    /// <summary>A row for each leaf, with what a call costs and how its cycles split by phase and by cause.</summary>
    public static string Leaves(Profile profile)
    {
        LeafPhase[] phases = Enum.GetValues<LeafPhase>();
        Cause[] causes = CausesOf(profile);
        StringBuilder text = new("leaf,calls,instructions,cycles,mean,p50,p99,worst");
        foreach (LeafPhase phase in phases)
            text.Append($",phase.{ProfileText.Of(phase)}");
        foreach (Cause cause in causes)
            text.Append($",cause.{ProfileText.Of(cause)}");
        text.Append(",model\n");
        foreach (ProfiledLeaf leaf in profile.Leaves.Concat(profile.GuestLeaves))
        {
            IEnumerable<ulong> figures =
            [
                leaf.Calls, leaf.Instructions, leaf.Total, leaf.Mean, leaf.P50, leaf.P99, leaf.Worst,
                .. phases.Select(leaf.Of), .. causes.Select(leaf.Of),
            ];
            text.Append(leaf.Name).Append(',').AppendJoin(',', figures.Select(ProfileText.Of));
            text.Append($",\"{profile.Model}\"\n");
        }
        return text.ToString();
    }

    /// <summary>
    /// A row for each processor, world and cause: the whole of every clock, and a CPI stack. <c>instructions</c> is the
    /// processor's in the world, the same in all its rows; <c>cpi</c> is the cause's part, empty where there are no
    /// instructions; the parts of a processor's world sum to its cycles per instruction.
    /// </summary>
    public static string Worlds(Profile profile)
    {
        StringBuilder text = new("lp,world,cause,cycles,instructions,cpi,model\n");
        foreach ((int lp, World world, Cause cause, ulong cycles) in profile.Worlds)
        {
            ulong instructions = profile.InstructionsIn(lp, world);
            text.Append($"{lp},{ProfileText.Of(world)},{ProfileText.Of(cause)},{cycles},{instructions},")
                .Append($"{ProfileText.OfCpi(cycles, instructions)},\"{profile.Model}\"\n");
        }
        return text.ToString();
    }

    /// <summary>A row for each processor and world: top-down level 1.</summary>
    public static string TopDown(Profile profile)
    {
        StringBuilder text = new("lp,world,retiring,bad_speculation,frontend_bound,backend_bound,cycles,model\n");
        foreach ((int lp, World world, TopDown parts) in profile.TopDown)
            text.Append($"{lp},{ProfileText.Of(world)},").AppendJoin(',', parts.Named.Select(part => part.Cycles))
                .Append($",{parts.Total},\"{profile.Model}\"\n");
        return text.ToString();
    }

    /// <summary>The causes that occur in leaves.</summary>
    public static Cause[] CausesOf(Profile profile) =>
        [.. Enum.GetValues<Cause>().Where(cause => profile.Leaves.Any(leaf => leaf.Of(cause) != 0))];
}
