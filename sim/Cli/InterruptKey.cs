namespace Seamsim.Cli;

/// <summary>Ctrl-C asks for an orderly end, so that outputs are complete; a second one ends the process.</summary>
internal sealed class InterruptKey : IDisposable
{
    private readonly Action stop;
    private bool asked;

    /// <summary>Listens from now on.</summary>
    public InterruptKey(Action stop)
    {
        this.stop = stop;
        Console.CancelKeyPress += Pressed;
    }

    /// <inheritdoc/>
    public void Dispose() => Console.CancelKeyPress -= Pressed;

    private void Pressed(object? sender, ConsoleCancelEventArgs key)
    {
        key.Cancel = !asked;
        asked = true;
        stop();
    }
}
