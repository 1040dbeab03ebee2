namespace Seamsim.Cli;

/// <summary>A bug of the simulator, with what is needed to see it again.</summary>
internal sealed class InternalErrorException(Exception bug, ulong seed, string config)
    : Exception($"{Describe(bug)}; seed {seed}, config {config}", bug)
{
    /// <summary>One line about an exception: type, message and the place in our code.</summary>
    public static string Describe(Exception bug) => Runs.BugLine.Of(bug);
}
