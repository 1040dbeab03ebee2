namespace Seamsim.TextTraces;

/// <summary>Comments: from <c>;</c>, or from <c>#</c> that is no exception's name, to the end of the line.</summary>
internal static class Comments
{
    /// <summary>The line without its comment.</summary>
    public static ReadOnlySpan<char> Strip(ReadOnlySpan<char> line)
    {
        char quote = '\0';
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '"' or '\'')
                quote = c;
            else if (c == ';' || (c == '#' && !NamesException(line, i)))
                return line[..i];
        }
        return line;
    }

    /// <summary>
    /// <c>.expect #GP</c>: a # directly before an upper-case letter, in a line that expects something.
    /// </summary>
    private static bool NamesException(ReadOnlySpan<char> line, int at) =>
        at + 1 < line.Length && char.IsAsciiLetterUpper(line[at + 1])
        && line[..at].Trim().Equals(".expect", StringComparison.OrdinalIgnoreCase);
}
