using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Data between instructions: <c>db 1, 2, "text"</c>, <c>dw</c>, <c>dd</c>, <c>dq label</c>.</summary>
internal static class DataText
{
    /// <summary>The numbers of a data directive with their bytes; null when the line is none.</summary>
    /// <exception cref="AssemblyException">It is one, but cannot be used.</exception>
    public static IReadOnlyList<(TextValue Value, int Bytes)>? Parse(string text)
    {
        int size = SizeOf(text);
        if (size == 0)
            return null;
        List<(TextValue, int)> data = [];
        foreach (string item in Split(text[2..]))
            Add(data, item, size);
        return data;
    }

    private static int SizeOf(string text)
    {
        if (text.Length < 3 || text[2] is not (' ' or '\t'))
            return 0;
        return text[..2].ToLowerInvariant() switch { "db" => 1, "dw" => 2, "dd" => 4, "dq" => 8, _ => 0 };
    }

    private static void Add(List<(TextValue, int)> data, string item, int size)
    {
        if (item.Length >= 2 && item[0] is '"' or '\'' && item[^1] == item[0])
        {
            if (size != 1)
                throw new AssemblyException("a text stands in db only");
            foreach (byte value in System.Text.Encoding.UTF8.GetBytes(item[1..^1]))
                data.Add((new TextValue(null, value), 1));
            return;
        }
        Lexer lexer = new(item);
        if (TextValue.Take(lexer) is not { } number || !lexer.IsAtEnd)
            throw new AssemblyException($"\"{Lexer.Short(item)}\": expected a number, a label or a \"text\"");
        ulong most = size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;
        bool negative = item.StartsWith('-') && (long)(ulong)number.Number >= -(long)(most / 2) - 1;
        if (number.Name is null && number.Number > most && !negative)
            throw new AssemblyException($"{Lexer.Short(item)} does not fit {size} byte(s)");
        if (number.Name is not null && size < 4)
            throw new AssemblyException($"\"{Lexer.Short(item)}\": an address takes dd or dq");
        data.Add((number, size));
    }

    /// <summary>Splits at commas outside of quotes.</summary>
    private static IEnumerable<string> Split(string text)
    {
        int start = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            if (quote != '\0')
                quote = text[i] == quote ? '\0' : quote;
            else if (text[i] is '"' or '\'')
                quote = text[i];
            else if (text[i] == ',')
            {
                yield return text[start..i].Trim();
                start = i + 1;
            }
        }
        yield return text[start..].Trim();
    }
}
