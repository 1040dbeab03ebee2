namespace Seamsim.TextTraces.Assembling;

/// <summary>Splits an instruction into words and signs.</summary>
internal sealed class Lexer
{
    private const string Signs = "[]{},:+-*()|&=!";
    private readonly List<string> words = [];
    private int next;

    /// <summary>Splits a text.</summary>
    /// <exception cref="AssemblyException">A character belongs to nothing.</exception>
    public Lexer(string text)
    {
        int at = 0;
        while (at < text.Length)
        {
            char c = text[at];
            if (c is ' ' or '\t' or '\r')
                at++;
            else if (Signs.Contains(c, StringComparison.Ordinal))
                words.Add(text[at++].ToString());
            else if (IsWordCharacter(c))
                at = AddWord(text, at);
            else
                throw new AssemblyException($"{Show(c)} belongs to no operand");
        }
    }

    /// <summary>The word at hand, or an empty string at the end.</summary>
    public string Peek => next < words.Count ? words[next] : "";

    /// <summary>Whether everything has been read.</summary>
    public bool IsAtEnd => next >= words.Count;

    /// <summary>The word after the one at hand, or an empty string.</summary>
    public string PeekNext => next + 1 < words.Count ? words[next + 1] : "";

    /// <summary>Takes the word at hand.</summary>
    public string Take() => next < words.Count ? words[next++] : "";

    /// <summary>Takes the word at hand when it is this one, whatever the case.</summary>
    public bool TryTake(string word)
    {
        if (!Peek.Equals(word, StringComparison.OrdinalIgnoreCase))
            return false;
        next++;
        return true;
    }

    /// <summary>Takes the word, or complains.</summary>
    public void Expect(string word)
    {
        if (!TryTake(word))
            throw new AssemblyException($"expected \"{word}\" {Before()}");
    }

    /// <summary>Where the reading stands, for messages.</summary>
    public string Before() => IsAtEnd ? "at the end of the line" : $"before \"{Short(Peek)}\"";

    /// <summary>A word cut to what fits a message.</summary>
    public static string Short(string word)
    {
        const int longest = 40;
        return word.Length <= longest ? word : word[..longest] + "…";
    }

    /// <summary>A character as a message shows it.</summary>
    public static string Show(char c) => c is > ' ' and < '\x7F' ? $"'{c}'" : $"the character U+{(int)c:X4}";

    private static bool IsWordCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '$' or '@' or '#';

    private int AddWord(string text, int start)
    {
        int at = start;
        while (at < text.Length && IsWordCharacter(text[at]))
            at++;
        words.Add(text[start..at]);
        return at;
    }
}
