namespace Seamsim.BareMetal;

/// <summary>Why a bare-metal run ended.</summary>
internal enum PcEndKind
{
    /// <summary>The image wrote to the exit port.</summary>
    Exit,

    /// <summary>A logical processor met a fault it could not deliver.</summary>
    TripleFault,

    /// <summary>Every logical processor waits, and nothing will come.</summary>
    Halted,

    /// <summary>The instructions of the run are spent.</summary>
    Instructions,

    /// <summary>Somebody asked for the end (Ctrl-C).</summary>
    Cancelled,
}

/// <summary>How a bare-metal run ended.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Lp">The logical processor it is about.</param>
/// <param name="Code">Exit code of the image; meaningful for <see cref="PcEndKind.Exit"/>.</param>
/// <param name="Text">The same in words.</param>
internal sealed record PcEnd(PcEndKind Kind, int Lp, int Code, string Text);
