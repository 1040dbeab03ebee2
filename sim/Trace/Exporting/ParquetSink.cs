#pragma warning disable RS0030 // the library's interface is asynchronous; every call is waited for where it is made
using Parquet;
using Parquet.Schema;

namespace Seamsim.Trace;

/// <summary>Rows as a Parquet file, a row group every <see cref="GroupRows"/> rows.</summary>
internal sealed class ParquetSink : ITableSink
{
    private const int GroupRows = 128 * 1024;

    private readonly DataField
        record = new DataField<ulong>("record"), instruction = new DataField<ulong>("instruction"),
        lp = new DataField<int>("lp"), world = new DataField("world", typeof(string), false),
        cycles = new DataField<ulong>("cycles"), kind = new DataField("kind", typeof(string), false),
        address = new DataField<ulong?>("address"), bytes = new DataField<int?>("bytes"),
        physical = new DataField<ulong?>("physical"), keyId = new DataField<int?>("keyid"),
        value = new DataField<ulong?>("value"), code = new DataField("code", typeof(string), false),
        text = new DataField("text", typeof(string), false);

    private readonly ParquetWriter writer;
    private readonly List<TableRow> rows = [];

    public ParquetSink(Stream to)
    {
        ParquetSchema schema = new(
            record, instruction, lp, world, cycles, kind, address, bytes, physical, keyId, value, code, text);
        writer = ParquetWriter.CreateAsync(schema, to).GetAwaiter().GetResult();
    }

    public void Put(in TableRow row)
    {
        rows.Add(row);
        if (rows.Count == GroupRows)
            Flush();
    }

    public void Dispose()
    {
        if (rows.Count > 0)
            Flush();
        writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    private void Flush()
    {
        using (ParquetRowGroupWriter group = writer.CreateRowGroup())
        {
            Whole(group, record, row => row.Record);
            Whole(group, instruction, row => row.Instruction);
            Whole(group, lp, row => row.Lp);
            Words(group, world, row => row.World);
            Whole(group, cycles, row => row.Cycles);
            Words(group, kind, row => row.Kind);
            Partial(group, address, row => row.Address);
            Partial(group, bytes, row => row.Bytes);
            Partial(group, physical, row => row.Physical);
            Partial(group, keyId, row => row.KeyId);
            Partial(group, value, row => row.Value);
            Words(group, code, row => row.Code);
            Words(group, text, row => row.Text);
        }
        rows.Clear();
    }

    private void Whole<T>(ParquetRowGroupWriter group, DataField field, Func<TableRow, T> of) where T : struct =>
        group.WriteAsync<T>(field, new ReadOnlyMemory<T>([.. rows.Select(of)])).GetAwaiter().GetResult();

    private void Partial<T>(ParquetRowGroupWriter group, DataField field, Func<TableRow, T?> of) where T : struct =>
        group.WriteAsync<T>(field, new ReadOnlyMemory<T?>([.. rows.Select(of)])).GetAwaiter().GetResult();

    private void Words(ParquetRowGroupWriter group, DataField field, Func<TableRow, string> of) =>
        group.WriteAsync(field, (IReadOnlyCollection<string>)[.. rows.Select(of)]).GetAwaiter().GetResult();
}
