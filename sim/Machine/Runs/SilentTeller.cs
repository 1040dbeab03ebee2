namespace Seamsim.Runs;

/// <summary>Tells nobody.</summary>
internal sealed class SilentTeller : IStoryTeller
{
    /// <inheritdoc/>
    public void Chapter(string title)
    {
    }

    /// <inheritdoc/>
    public void Say(string text)
    {
    }

    /// <inheritdoc/>
    public void Problem(string text)
    {
    }
}
