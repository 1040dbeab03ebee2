using System.Reflection;
using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware.Abi;

public class StatusTests
{
    [Test]
    public void Every_status_of_the_table_has_its_constant_with_that_value()
    {
        List<string> wrong = [];
        List<DataRow> rows = DataFile.Read("1.5.01/status-codes.csv");
        foreach (DataRow row in rows)
        {
            PropertyInfo? constant = typeof(TdxStatus).GetProperty(Pascal(row["name"]),
                BindingFlags.Public | BindingFlags.Static);
            if (constant?.GetValue(null) is not TdxStatus status || status.Value != row.Number("value"))
                wrong.Add(row["name"]);
        }
        int constants = typeof(TdxStatus).GetProperties(BindingFlags.Public | BindingFlags.Static).Length;
        Assert.That((wrong.Count, rows.Count, constants), Is.EqualTo((0, 166, 166)), string.Join(' ', wrong));
    }

    [Test]
    public void Every_operand_of_the_table_has_its_constant_with_that_value()
    {
        List<string> wrong = [];
        foreach (DataRow row in DataFile.Read("1.5.01/operand-ids.csv"))
            if (!Enum.TryParse(Pascal(row["name"]), out OperandId id) || (uint)id != row.Number("value"))
                wrong.Add(row["name"]);
        Assert.That(wrong, Is.Empty);
    }

    [TestCase(0x8000020000000001UL, ExpectedResult = "TDX_OPERAND_BUSY(RCX)")]
    [TestCase(0xC000010000000043UL, ExpectedResult = "TDX_OPERAND_INVALID(EPTP_CONTROLS)")]
    [TestCase(0xC000092000000480UL, ExpectedResult = "TDX_INCONSISTENT_MSR(0x480)")]
    [TestCase(0UL, ExpectedResult = "TDX_SUCCESS")]
    [TestCase(0x1234000000000000UL, ExpectedResult = "0x1234000000000000")]
    public string A_status_says_its_name_and_what_it_is_about(ulong value) => new TdxStatus(value).ToString();

    [Test]
    public void A_status_takes_apart_into_class_flags_and_details()
    {
        TdxStatus status = TdxStatus.TdFatal.With(0x12345678u);
        Assert.That(
            (status.Class, status.IsError, status.IsNonRecoverable, status.IsFatal, status.Details,
                status.Is(TdxStatus.TdFatal)),
            Is.EqualTo(((byte)6, true, true, true, 0x12345678u, true)));
    }

    [Test]
    public void A_success_that_carries_information_is_no_error() =>
        Assert.That(TdxStatus.KeyConfigured, Has.Property("IsError").False.And.Property("IsSuccess").False);

    private static string Pascal(string name) =>
        string.Concat(name.Replace("TDX_", "",
            StringComparison.Ordinal).Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..].ToLowerInvariant()));
}
