using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Abi;

public class FieldIdTests
{
    [TestCase(0x9110000300000011UL, 0x11u, 8, 1, 0x11, true)]
    [TestCase(0x1110000000000003UL, 0x3u, 1, 1, 0x11, false)]
    [TestCase(0x0024000100000002UL, 0x2u, 2, 2, 0x00, false)]
    [TestCase(0x0A00000300000008UL, 0x8u, 8, 0, 0x0A, false)]
    public void An_identifier_takes_apart(ulong value, uint code, int bytes, int context, int fieldClass,
        bool nonArchitectural)
    {
        FieldId id = new(value);
        Assert.That(
            (id.Code, id.ElementBytes, (int)id.Context, (int)id.Class, id.NonArchitectural, id.IsSingle,
                id.HasReservedBits),
            Is.EqualTo((code, bytes, context, fieldClass, nonArchitectural, true, false)));
    }

    [TestCase(24)]
    [TestCase(31)]
    [TestCase(47)]
    [TestCase(55)]
    [TestCase(62)]
    public void A_reserved_bit_is_seen(int bit) => Assert.That(new FieldId(1UL << bit).HasReservedBits, Is.True);

    [Test]
    public void The_null_id_is_known_in_every_context() =>
        Assert.That(FieldId.Null.In(FieldContext.Td).IsNull && FieldId.Null.In(FieldContext.System).IsNull, Is.True);

    [TestCase("metadata-sys.csv", 65, FieldContext.System)]
    [TestCase("metadata-td.csv", 83, FieldContext.Td)]
    [TestCase("metadata-vp.csv", 119, FieldContext.Vcpu)]
    [TestCase("metadata-vmcs.csv", 144, FieldContext.Vcpu)]
    public void Every_row_of_a_metadata_table_is_a_single_id_of_its_context(string file, int rows, FieldContext context)
    {
        List<DataRow> table = DataFile.Read($"1.5.01/{file}");
        IEnumerable<string> wrong = table
            .Where(row => new FieldId(row.Number("field_id")) is var id
                && (id.HasReservedBits || !id.IsSingle || id.Context != context))
            .Select(row => row["name"]);
        Assert.That((table.Count, string.Join(' ', wrong)), Is.EqualTo((rows, "")));
    }
}
