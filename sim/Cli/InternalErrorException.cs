namespace Seamsim.Cli;

/// <summary>A bug of the simulator, with what is needed to see it again.</summary>
internal sealed class InternalErrorException(Exception bug, Platform platform, string config)
    : Exception($"{Describe(bug)}; seed {platform.Seed}, config {config}", bug)
{
    /// <summary>One line about an exception: type, message and the place in our code.</summary>
    public static string Describe(Exception bug)
    {
        System.Diagnostics.StackFrame? frame = new System.Diagnostics.StackTrace(bug).GetFrame(0);
        string place = frame?.GetMethod() is { } method ? $" in {method.DeclaringType?.Name}.{method.Name}" : "";
        return $"{bug.GetType().Name}{place}: {bug.Message.ReplaceLineEndings(" ")}";
    }
}
