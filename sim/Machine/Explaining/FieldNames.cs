using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;

namespace Seamsim.Explaining;

/// <summary>Metadata fields by identifier or by name, with what each kind of caller may read and write.</summary>
internal static class FieldNames
{
    /// <summary>The field an identifier names, every field of a name, or nothing.</summary>
    public static IEnumerable<Explanation> Explain(string text)
    {
        if (SettingReader.TryNumber(text, out ulong value))
        {
            FieldId id = new(value);
            if (value > uint.MaxValue && !id.HasReservedBits)
                yield return OfId(id);
            yield break;
        }
        foreach (FieldContext context in Enum.GetValues<FieldContext>())
            foreach (MetadataField field in TableOf(context).Fields)
                if (field.Name.Equals(text, StringComparison.OrdinalIgnoreCase))
                    yield return Describe(field, field.Id, context);
    }

    private static Explanation OfId(FieldId id)
    {
        foreach (FieldContext context in Enum.GetValues<FieldContext>())
        {
            if (id.Context != context)
                continue;
            MetadataTable table = TableOf(context);
            int index = table.IndexOf(id);
            if (index >= 0)
                return Describe(table.Fields[index], id, context);
        }
        return new Explanation(
            $"metadata field {id}, which module {ModuleVersion.Default} does not have", "field", Parts(id));
    }

    private static Explanation Describe(MetadataField field, FieldId id, FieldContext context)
    {
        string element = field.Codes == 1 ? "" : string.Create(
            CultureInfo.InvariantCulture, $"[{field.ElementOf(id)}] of {field.Codes}");
        List<(string, string)> properties =
        [
            ("id", id.ToString()),
            .. Parts(id),
            ("the host", Rights(field.Host)),
        ];
        if (context != FieldContext.System)
            properties.Add(("the host of a debug TD", Rights(field.Debug)));
        properties.Add(("the guest", Rights(field.Guest)));
        return new Explanation($"metadata field {field.Name}{element}", "field", properties);
    }

    private static (string, string)[] Parts(FieldId id) =>
    [
        ("context [54:52]", id.Context.ToString()),
        ("class [61:56]", id.Class.ToString(CultureInfo.InvariantCulture)),
        ("code [23:0]", $"0x{id.Code:X}"),
        ("element size [33:32]", $"{id.ElementBytes} bytes"),
        ("architectural", id.NonArchitectural ? "no (bit 63)" : "yes"),
    ];

    private static string Rights(MetadataMasks masks) => (masks.Read, masks.Write) switch
    {
        (0, 0)             => "may neither read nor write it",
        (var read, 0)      => $"may read bits 0x{read:X}",
        (0, var write)     => $"may write bits 0x{write:X}",
        var (read, write)  => $"may read bits 0x{read:X} and write bits 0x{write:X}",
    };

    private static MetadataTable TableOf(FieldContext context)
    {
        ModuleTables tables = ModuleTables.Load(ModuleVersion.Default);
        return context switch
        {
            FieldContext.System => tables.SystemMetadata,
            FieldContext.Td     => tables.TdMetadata,
            _                   => tables.VcpuMetadata,
        };
    }
}
