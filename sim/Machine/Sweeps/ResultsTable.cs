using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Configuration;

namespace Seamsim.Sweeps;

/// <summary>What a column holds.</summary>
internal enum ColumnKind
{
    /// <summary>Strings.</summary>
    Text,

    /// <summary>Signed integers.</summary>
    Integer,

    /// <summary>Unsigned figures, some of which may be missing.</summary>
    Figure,
}

/// <summary>A column of the results.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Of">The cell of a row: a string, long or ulong, or null.</param>
internal sealed record ResultColumn(string Name, ColumnKind Kind, Func<SweepRow, object?> Of);

/// <summary>The results as a table: index, axes, status, outcome, reason, statistics; sorted by index.</summary>
internal sealed class ResultsTable
{
    /// <summary>A table of rows.</summary>
    public ResultsTable(Experiment experiment, IEnumerable<SweepRow> rows)
    {
        Rows = [.. rows.OrderBy(row => row.Point.Index)];
        Columns =
        [
            new(SweepColumns.Index, ColumnKind.Integer, row => (long)row.Point.Index),
            .. experiment.Grid.Axes.Select(AxisColumn),
            new(SweepColumns.Status, ColumnKind.Text, row => row.StatusText),
            new(SweepColumns.Outcome, ColumnKind.Text, row => row.Outcome),
            new(SweepColumns.Reason, ColumnKind.Text, row => row.Reason),
            .. experiment.Columns.Select(StatisticColumn),
        ];
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<ResultColumn> Columns { get; }

    /// <summary>The rows, by index.</summary>
    public IReadOnlyList<SweepRow> Rows { get; }

    /// <summary>As CSV (RFC 4180) with a line of names.</summary>
    public string ToCsv()
    {
        StringBuilder text = new();
        text.AppendJoin(',', Columns.Select(column => Quoted(column.Name))).Append('\n');
        foreach (SweepRow row in Rows)
            text.AppendJoin(',', Columns.Select(column => Quoted(TextOf(column.Of(row))))).Append('\n');
        return text.ToString();
    }

    /// <summary>As JSON, an object a row.</summary>
    public string ToJson(string experiment)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, JsonText.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("experiment", experiment);
            writer.WriteStartArray("rows");
            foreach (SweepRow row in Rows)
            {
                writer.WriteStartObject();
                foreach (ResultColumn column in Columns)
                    WriteCell(writer, column.Name, column.Of(row));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>A cell as people read it.</summary>
    public static string TextOf(object? cell) => Convert.ToString(cell, CultureInfo.InvariantCulture) ?? "";

    private static ResultColumn AxisColumn(Axis axis, int position) => axis.IsNumeric
        ? new(axis.Name, ColumnKind.Integer, row => (long)((ScalarSetting)row.Point.Values[position].Value).Value)
        : new(axis.Name, ColumnKind.Text, row => row.Point.Values[position].Text);

    private static ResultColumn StatisticColumn(string name) => new(
        name, ColumnKind.Figure, row => row.Statistics.TryGetValue(name, out ulong value) ? value : null);

    private static void WriteCell(Utf8JsonWriter writer, string name, object? cell)
    {
        switch (cell)
        {
            case long number:
                writer.WriteNumber(name, number);
                break;
            case ulong number:
                writer.WriteNumber(name, number);
                break;
            case string text:
                writer.WriteString(name, text);
                break;
            default:
                writer.WriteNull(name);
                break;
        }
    }

    private static string Quoted(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? text
        : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
