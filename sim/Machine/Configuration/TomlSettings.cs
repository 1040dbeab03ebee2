using Tomlyn;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Seamsim.Configuration;

/// <summary>Reads TOML text into settings that remember their lines.</summary>
internal static class TomlSettings
{
    /// <summary>Parses a whole document.</summary>
    /// <param name="text">TOML.</param>
    /// <param name="source">File name for origins and messages.</param>
    /// <param name="lines">Whether origins carry line numbers.</param>
    public static TableSetting Parse(string text, string source, bool lines = true)
    {
        DocumentSyntax document = Syntax(text, source);
        foreach (DiagnosticMessage message in document.Diagnostics)
            if (message.Kind == DiagnosticMessageKind.Error)
                throw new ConfigurationException(
                    new Origin(source, lines ? message.Span.Start.Line + 1 : 0),
                    $"not TOML: {message.Message}");
        Reader reader = new(source, lines);
        TableSetting root = new(new Origin(source, lines ? 1 : 0));
        reader.AddAll(root, document.KeyValues);
        foreach (TableSyntaxBase table in document.Tables)
            reader.AddAll(reader.Open(root, table), table.Items);
        return root;
    }

    /// <summary>The parser throws only for what it cannot even represent, e.g. hundreds of nested arrays.</summary>
    private static DocumentSyntax Syntax(string text, string source)
    {
        try
        {
            return SyntaxParser.Parse(text, source, validate: true);
        }
        catch (TomlException wrong)
        {
            throw new ConfigurationException(new Origin(source, 0), $"not TOML: {wrong.Message}");
        }
    }

    private sealed class Reader(string source, bool lines)
    {
        public void AddAll(TableSetting table, SyntaxList<KeyValueSyntax> items)
        {
            foreach (KeyValueSyntax item in items)
                Add(table, item);
        }

        public TableSetting Open(TableSetting root, TableSyntaxBase syntax)
        {
            string[] path = Path(syntax.Name!);
            Origin origin = At(syntax);
            TableSetting parent = Descend(root, path.AsSpan(0, path.Length - 1), origin);
            if (syntax is not TableArraySyntax)
                return Descend(parent, path.AsSpan(path.Length - 1), origin);

            if (parent[path[^1]] is not ListSetting list)
                parent.Set(path[^1], list = new ListSetting([], origin));
            TableSetting element = new(origin);
            list.Items.Add(element);
            return element;
        }

        private void Add(TableSetting table, KeyValueSyntax item)
        {
            string[] path = Path(item.Key!);
            TableSetting parent = Descend(table, path.AsSpan(0, path.Length - 1), At(item));
            parent.Set(path[^1], Value(item.Value!));
        }

        private static TableSetting Descend(TableSetting table, ReadOnlySpan<string> path, Origin origin)
        {
            foreach (string key in path)
            {
                switch (table[key])
                {
                    case TableSetting inner:
                        table = inner;
                        break;
                    case ListSetting { Items: [.., TableSetting last] }:
                        table = last;
                        break;
                    default:
                        TableSetting fresh = new(origin);
                        table.Set(key, fresh);
                        table = fresh;
                        break;
                }
            }
            return table;
        }

        private Setting Value(ValueSyntax value)
        {
            Origin origin = At(value);
            switch (value)
            {
                case StringValueSyntax text:
                    return new ScalarSetting(text.Value ?? "", origin);
                case IntegerValueSyntax number:
                    return new ScalarSetting(number.Value, origin);
                case BooleanValueSyntax flag:
                    return new ScalarSetting(flag.Value, origin);
                case FloatValueSyntax number:
                    return new ScalarSetting(number.Value, origin);
                case ArraySyntax array:
                    List<Setting> items = [];
                    foreach (ArrayItemSyntax item in array.Items)
                        items.Add(Value(item.Value!));
                    return new ListSetting(items, origin);
                case InlineTableSyntax inline:
                    TableSetting table = new(origin);
                    foreach (InlineTableItemSyntax item in inline.Items)
                        Add(table, item.KeyValue!);
                    return table;
                default:
                    throw new ConfigurationException(origin, "expected a string, integer, true/false, array or table");
            }
        }

        private Origin At(SyntaxNode node) => new(source, lines ? node.Span.Start.Line + 1 : 0);

        private static string[] Path(KeySyntax key)
        {
            List<string> path = [Name(key.Key!)];
            foreach (DottedKeyItemSyntax item in key.DotKeys)
                path.Add(Name(item.Key!));
            return [.. path];
        }

        private static string Name(BareKeyOrStringValueSyntax key) => key switch
        {
            BareKeySyntax bare      => bare.Key?.Text ?? "",
            StringValueSyntax text  => text.Value ?? "",
            _                       => key.ToString() ?? "",
        };
    }
}
