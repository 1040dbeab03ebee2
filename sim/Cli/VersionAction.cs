using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Seamsim.Cli;

/// <summary><c>--version</c>: the program, its models, data and engine.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        string version = typeof(VersionAction).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        output.WriteLine($"seamsim {version}");
        foreach ((string name, string text) in Machine.Versions)
            output.WriteLine($"  {name,-12} {text}");
        return ExitCode.Pass;
    }
}
