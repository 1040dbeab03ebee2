namespace Seamsim.Runs;

/// <summary>Hears the story of a run while it happens.</summary>
internal interface IStoryTeller
{
    /// <summary>A new part of the story begins.</summary>
    void Chapter(string title);

    /// <summary>Something happened.</summary>
    void Say(string text);

    /// <summary>Something went wrong; the run goes on where it can.</summary>
    void Problem(string text);
}
