namespace Seamsim.Runs;

/// <summary>An exception that is a bug of the simulator, on one line.</summary>
internal static class BugLine
{
    /// <summary>Type, message and the place in our code.</summary>
    public static string Of(Exception bug)
    {
        System.Diagnostics.StackFrame? frame = new System.Diagnostics.StackTrace(bug).GetFrame(0);
        string place = frame?.GetMethod() is { } method ? $" in {method.DeclaringType?.Name}.{method.Name}" : "";
        return $"{bug.GetType().Name}{place}: {bug.Message.ReplaceLineEndings(" ")}";
    }
}
