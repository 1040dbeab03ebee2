using System.Globalization;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;

namespace Seamsim.Modules;

/// <summary>Reads an overlay of a module version: TOML, every complaint with file and line.</summary>
/// <param name="path">The file, for messages; relative names in it start at its directory.</param>
/// <param name="above">The overlays that lie on this one, and this one: none of them may lie beneath it.</param>
internal sealed class OverlayReader(string path, IReadOnlyList<string> above)
{
    private const int MaxNameLength = 32;

    private static readonly string[] Registers = ["eax", "ebx", "ecx", "edx"];

    // The others are computed by the module's code; an overlay cannot put another field under them.
    private static readonly Dictionary<string, CpuidCategory> Categories = new()
    {
        ["FIXED"] = CpuidCategory.Fixed, ["NATIVE"] = CpuidCategory.Native,
        ["NATIVE_CHECKED"] = CpuidCategory.NativeChecked, ["CONFIG_DIRECT"] = CpuidCategory.ConfigDirect,
        ["ALLOW_DIRECT"] = CpuidCategory.AllowDirect,
    };

    /// <summary>Reads the text and lays it on the module it names.</summary>
    public ModuleDefinition Read(string text, string spec)
    {
        TableSetting root = TomlSettings.Parse(text, path);
        SettingReader top = new(root, "");
        string name = ReadName(top);
        string title = top.Text("title");
        bool hypothetical = top.Flag("hypothetical");
        string source = top.Text("source");
        ModuleDefinition beneath = ReadBeneath(top);

        ModuleDraft draft = new(beneath.Tables);
        ModuleOverlay overlay = new(name, source)
        {
            Leaves = Each(top, "leaf", ReadLeaf, change => draft.Lay(name, change)),
            Fields = Each(top, "field", reader => ReadField(reader, draft), change => draft.Lay(name, change)),
            Msrs = Each(top, "msr", ReadMsr, draft.Lay),
        };
        top.RefuseOthers();
        return ModuleDefinition.On(beneath, spec, new OverlayFile(overlay, title, hypothetical), draft.Finish());
    }

    private static string ReadName(SettingReader top)
    {
        string name = top.Text("name");
        bool word = name.Length is > 0 and <= MaxNameLength
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        return word && !ModuleDefinition.BaseVersions.Contains(name)
            ? name
            : throw top.Wrong("name", $"a word of at most {MaxNameLength} letters, digits, '.', '_' and '-' "
                + "that is no version");
    }

    private ModuleDefinition ReadBeneath(SettingReader top)
    {
        string version = top.OneOf("base", ModuleDefinition.BaseVersions);
        if (!top.Has("on_top_of"))
            return ModuleDefinition.Resolve(version);
        string spec = top.Text("on_top_of");
        string directory = Path.GetDirectoryName(path) ?? "";
        if (above.Contains(Path.GetFullPath(Path.Combine(directory, spec))))
            throw top.Wrong("on_top_of", "an overlay that does not lie on this one");
        ModuleDefinition beneath = ModuleDefinition.Find(spec, directory, above)
            ?? throw top.Wrong("on_top_of", ModuleDefinition.Expected);
        return beneath.Base.Name == version
            ? beneath
            : throw top.Wrong("base", $"\"{beneath.Base}\", as {spec} has");
    }

    // Each change is laid where it is read, so that a clash is reported with the line that brings it about.
    private static List<T> Each<T>(SettingReader top, string key, Func<SettingReader, T> read, Func<T, string?> lay)
    {
        List<T> changes = [];
        foreach (SettingReader reader in top.Has(key) ? top.Tables(key) : [])
        {
            T change = read(reader);
            reader.RefuseOthers();
            if (lay(change) is { } wrong)
                throw new ConfigurationException(reader.Origin, wrong);
            changes.Add(change);
        }
        return changes;
    }

    private static CpuidLeafChange ReadLeaf(SettingReader reader)
    {
        (uint leaf, uint subleaf) = ReadPlace(reader);
        return new CpuidLeafChange(leaf, subleaf, reader.Has("config") && reader.Flag("config"), reader.Text("reason"));
    }

    private static CpuidFieldChange ReadField(SettingReader reader, ModuleDraft draft)
    {
        (uint leaf, uint subleaf) = ReadPlace(reader);
        int register = ReadRegister(reader);
        string name = reader.Has("name") ? reader.Text("name") : "";
        (int msb, int lsb) = reader.Has("bits")
            ? ReadBits(reader)
            : draft.FindField(leaf, subleaf, register, name)
                ?? throw (name.Length == 0
                    ? reader.Wrong("bits", "a bit \"6\" or bits \"msb:lsb\", or the name of a field")
                    : reader.Wrong("name", "the name of a field of that register, or new with bits"));
        CpuidCategory category = Categories[reader.OneOf("category", [.. Categories.Keys])];
        bool valued = category is CpuidCategory.Fixed or CpuidCategory.NativeChecked;
        uint value = valued ? (uint)reader.Number("value", 0, (1UL << (msb - lsb + 1)) - 1) : 0;
        return new CpuidFieldChange(
            leaf, subleaf, register, msb, lsb, category, value, name, reader.Text("reason"));
    }

    private static NativeMsr ReadMsr(SettingReader reader)
    {
        (uint leaf, uint subleaf) = ReadPlace(reader);
        uint first = (uint)reader.Number("first", 0, uint.MaxValue);
        uint last = reader.Has("last") ? (uint)reader.Number("last", 0, uint.MaxValue) : first;
        return new NativeMsr(
            first, last, reader.Text("name"), leaf, subleaf, ReadRegister(reader), reader.Int("bit", 0, 31),
            reader.Text("reason"));
    }

    private static (uint Leaf, uint Subleaf) ReadPlace(SettingReader reader) => (
        (uint)reader.Number("leaf", 0, uint.MaxValue),
        reader.Has("subleaf") ? (uint)reader.Number("subleaf", 0, uint.MaxValue - 1) : CpuidEntry.NoSubleaf);

    private static int ReadRegister(SettingReader reader) =>
        Array.IndexOf(Registers, reader.OneOf("register", Registers));

    private static (int Msb, int Lsb) ReadBits(SettingReader reader)
    {
        string[] ends = reader.Text("bits").Split(':');
        bool good = TryBit(ends[0], out int msb) & TryBit(ends[^1], out int lsb) && ends.Length <= 2 && msb >= lsb;
        return good ? (msb, lsb) : throw reader.Wrong("bits", "a bit \"6\" or bits \"msb:lsb\", 0..31");
    }

    private static bool TryBit(string text, out int bit) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bit) && bit <= 31;
}
