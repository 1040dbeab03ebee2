using Parquet;
using Parquet.Schema;

namespace Seamsim.Sweeps;

/// <summary>The results as a Parquet file: one row group, text as UTF-8, figures as nullable UINT64.</summary>
internal static class ParquetTable
{
    /// <summary>The bytes of the file.</summary>
    public static byte[] Of(ResultsTable table)
    {
        using MemoryStream bytes = new();
        Write(table, bytes).GetAwaiter().GetResult();
        return bytes.ToArray();
    }

    private static async Task Write(ResultsTable table, Stream stream)
    {
        DataField[] fields = [.. table.Columns.Select(FieldOf)];
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream);
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int i = 0; i < fields.Length; i++)
            await WriteColumn(group, fields[i], table.Rows, table.Columns[i]);
    }

    private static Task WriteColumn(
        ParquetRowGroupWriter group, DataField field, IReadOnlyList<SweepRow> rows, ResultColumn column) =>
        column.Kind switch
        {
            ColumnKind.Integer => group.WriteAsync<long>(field, rows.Select(row => (long)column.Of(row)!).ToArray()),
            ColumnKind.Figure  => group.WriteAsync<ulong>(field, rows.Select(row => (ulong?)column.Of(row)).ToArray()),
            _                  => group.WriteAsync(field, rows.Select(row => (string)column.Of(row)!).ToArray()),
        };

    private static DataField FieldOf(ResultColumn column) => column.Kind switch
    {
        ColumnKind.Integer => new DataField<long>(column.Name),
        ColumnKind.Figure  => new DataField<ulong?>(column.Name),
        _                  => new DataField<string>(column.Name),
    };
}
