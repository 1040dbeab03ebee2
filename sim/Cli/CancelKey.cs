namespace Seamsim.Cli;

/// <summary>
/// Ctrl-C ends the run at its next turn, so that outputs are complete; a second one ends the process.
/// </summary>
internal sealed class CancelKey : IDisposable
{
    private readonly Machine machine;
    private bool asked;

    /// <summary>Listens from now on.</summary>
    public CancelKey(Machine machine)
    {
        this.machine = machine;
        Console.CancelKeyPress += Pressed;
    }

    /// <inheritdoc/>
    public void Dispose() => Console.CancelKeyPress -= Pressed;

    private void Pressed(object? sender, ConsoleCancelEventArgs key)
    {
        key.Cancel = !asked;
        asked = true;
        machine.Cancel();
    }
}
