using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Vmm.CpuidPrograms;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Timing;

namespace Seamsim.Configuration;

/// <summary>Turns resolved settings into a <see cref="Scenario"/>, checking every key.</summary>
internal static class ScenarioReader
{
    private static readonly string[] Verbs = ["load", "init", "create", "run", "destroy", "end"];
    private static readonly string[] OfTds = ["create", "run", "destroy"];
    private static readonly string[] Registers = ["eax", "ebx", "ecx", "edx"];

    internal static readonly Dictionary<string, int> AttributeBits = new()
    {
        ["DEBUG"] = 0, ["SEPT_VE_DISABLE"] = 28, ["MIGRATABLE"] = 29, ["PKS"] = 30, ["KL"] = 31, ["PERFMON"] = 63,
    };

    internal static readonly Dictionary<string, int> XfamBits = new()
    {
        ["X87"] = 0, ["SSE"] = 1, ["AVX"] = 2, ["OPMASK"] = 5, ["ZMM_HI256"] = 6, ["HI16_ZMM"] = 7, ["PT"] = 8,
        ["PKRU"] = 9, ["CET_U"] = 11, ["CET_S"] = 12, ["UINTR"] = 14, ["LBR"] = 15, ["TILECFG"] = 17, ["TILEDATA"] = 18,
    };

    public static Scenario Read(TableSetting root, string directory)
    {
        SettingReader top = new(root, "");
        ICostModel costs = TimingReader.Read(top, directory);
        Platform platform = ReadPlatform(top.Table("platform"), directory) with
        {
            Policy = ReadPolicy(top.Table("kvm")),
            Costs = costs,
            Seed = top.Number("seed", 0, ulong.MaxValue),
            MaxInstructions = top.Number("max_instructions", 1, long.MaxValue),
            Forced = [.. top.Tables("fail").Select(ReadForced)],
        };
        top.Table("td");
        TableSetting template = (TableSetting)root["td"]!;
        TdPlan[] tds = [.. top.Tables("tds", template).Select(reader => ReadTd(reader, platform))];
        RefuseTwins(top, tds);
        UserPlan user = ReadUser(top.Table("user"));
        UpgradePlan? upgrade = ReadUpgrade(top.Table("upgrade"), directory);
        Step[] steps = ReadSteps(top, tds);
        bool records = top.OneOf("refusals", "fail", "record") == "record";
        top.RefuseOthers();
        return new Scenario
        {
            Platform = platform,
            Timing = costs.Name,
            Tds = tds,
            Steps = steps,
            User = user,
            Upgrade = upgrade,
            RecordsRefusals = records,
            ResolvedText = ResolvedText.Of(root),
            Settings = root,
            Directory = directory,
        };
    }

    private static Platform ReadPlatform(SettingReader reader, string directory)
    {
        int packages = reader.Int("packages", 1, 8);
        int lps = reader.Int("lps_per_package", 1, 64);
        int address = reader.Int("max_phys_addr", 46, 52);
        int bits = reader.Int("keyid_bits", 1, 15);
        int mktme = reader.Int("mktme_keyids", 0, (1 << bits) - 1);
        int tdx = reader.Int("tdx_keyids", 0, (1 << bits) - 1);
        if (mktme + tdx > (1 << bits) - 1)
            throw reader.Wrong("tdx_keyids",
                $"at most {(1 << bits) - 1 - mktme}: {bits} KeyID bits, {mktme} MKTME KeyIDs");
        Platform platform = new()
        {
            Packages = packages,
            LpsPerPackage = lps,
            MemoryBytes = reader.Bytes("memory", 1UL << 30, 1UL << 42) & ~0xF_FFFFUL,
            Cpu = reader.OneOf("cpu", Machine.CpuModels),
            PhysicalAddressBits = address,
            KeyIdBits = bits,
            MktmeKeyIds = mktme,
            TdxKeyIds = tdx,
            Ept5 = reader.Flag("ept5"),
            CpuDiffers = ReadDifferences(reader, "platform", "cpu_differs"),
            OddLps = [.. reader.Tables("odd_lps").Select(odd => ReadOddLp(odd, packages * lps))],
        };
        platform = platform.With(ReadModule(reader, "module", directory));
        (ulong last, ulong bytes) = platform.Ranges[^1];
        if (last + bytes > platform.Keys.AddressMask + 1)
            throw reader.Wrong("memory", $"RAM within {platform.Keys.Shift} address bits (max_phys_addr − keyid_bits)");
        reader.RefuseOthers();
        return platform;
    }

    private static ModuleDefinition ReadModule(SettingReader reader, string key, string directory) =>
        ModuleDefinition.Find(reader.Text(key), directory) ?? throw reader.Wrong(key, ModuleDefinition.Expected);

    private static LpOverride[] ReadDifferences(SettingReader reader, string path, string key) =>
    [
        .. reader.Texts(key).Select(item =>
            LpOverride.TryParse(item.Text, out LpOverride difference, out string expected)
                ? difference
                : throw new ConfigurationException(item.Origin, $"{path}.{key}: expected {expected}")),
    ];

    private static UserPlan ReadUser(SettingReader reader)
    {
        UserPlan user = new(
            reader.OneOf("program", CpuidProgramCatalog.Names), reader.OneOf("unknown_bits", "copy", "zero", "one"));
        reader.RefuseOthers();
        return user;
    }

    private static UpgradePlan? ReadUpgrade(SettingReader reader, string directory)
    {
        string module = reader.Text("from_module");
        LpOverride[] differs = ReadDifferences(reader, "upgrade", "from_cpu_differs");
        reader.RefuseOthers();
        if (module.Length > 0)
            return new UpgradePlan(ReadModule(reader, "from_module", directory), differs);
        return differs.Length == 0
            ? null
            : throw reader.Wrong("from_module", "the TDX module before the upgrade: from_cpu_differs alone is none");
    }

    private static string ReadPolicy(SettingReader reader)
    {
        string policy = CpuidPolicyCatalog.Find(reader.OneOf("policy", CpuidPolicyCatalog.Names))!.Id;
        reader.RefuseOthers();
        return policy;
    }

    private static (int Lp, LpOverride Difference) ReadOddLp(SettingReader reader, int lps)
    {
        int lp = reader.Int("lp", 0, lps - 1);
        if (!LpOverride.TryParse(reader.Text("differs"), out LpOverride difference, out string expected))
            throw reader.Wrong("differs", expected);
        reader.RefuseOthers();
        return (lp, difference);
    }

    private static ForcedStatus ReadForced(SettingReader reader)
    {
        string leafText = reader.Text("leaf");
        ulong leaf = Names.Leaf(leafText) ?? throw reader.Wrong("leaf", "a SEAMCALL leaf such as \"TDH.MNG.CREATE\"");
        ulong call = reader.Number("call", 1, ulong.MaxValue);
        ulong status = Names.Status(reader.Text("status"))
            ?? throw reader.Wrong("status", "a status name such as \"TDX_OPERAND_BUSY\" or a \"0x…\" number");
        reader.RefuseOthers();
        return new ForcedStatus(leaf, call, status);
    }

    private static TdPlan ReadTd(SettingReader reader, Platform platform)
    {
        ulong gpaw = reader.Number("gpaw", 48, 52);
        if (gpaw is not (48 or 52))
            throw reader.Wrong("gpaw", "48 or 52");
        TdPlan td = new()
        {
            Name = ReadName(reader),
            Guest = reader.Text("guest"),
            Vcpus = reader.Int("vcpus", 1, 64),
            MemoryBytes = reader.Bytes("memory", 4096, platform.MemoryBytes / 2) & ~0xFFFUL,
            Gpaw = (int)gpaw,
            VcpuGpaw = ReadVcpuGpaw(reader),
            Attributes = reader.Mask("attributes", AttributeBits),
            Xfam = reader.Mask("xfam", XfamBits),
            Cpuid = [.. reader.Tables("cpuid").Select(ReadChoice)],
            MaxInstructions = reader.Number("max_instructions", 1, long.MaxValue),
        };
        reader.RefuseOthers();
        return td;
    }

    private static int? ReadVcpuGpaw(SettingReader reader) => reader.Number("vcpu_gpaw", 0, 52) switch
    {
        0               => null,
        48              => 48,
        52              => 52,
        _               => throw reader.Wrong("vcpu_gpaw", "0 (as gpaw), 48 or 52"),
    };

    /// <summary>A name stands in steps and in the story: one word of letters, digits and <c>. _ -</c>.</summary>
    private static string ReadName(SettingReader reader)
    {
        string name = reader.Text("name");
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? name
            : throw reader.Wrong("name", "a word of letters, digits, '.', '_' and '-'");
    }

    private static void RefuseTwins(SettingReader top, TdPlan[] tds)
    {
        IReadOnlyList<SettingReader> tables = top.Tables("tds");
        for (int i = 1; i < tds.Length; i++)
            if (Array.FindIndex(tds, td => td.Name == tds[i].Name) < i)
                throw tables[i].Wrong("name", $"a name of its own: there is another TD \"{tds[i].Name}\"");
    }

    private static CpuidChoice ReadChoice(SettingReader reader)
    {
        CpuidChoice choice = new(
            (uint)reader.Number("leaf", 0, uint.MaxValue),
            reader.Has("subleaf") ? (uint)reader.Number("subleaf", 0, uint.MaxValue) : 0,
            Array.IndexOf(Registers, reader.OneOf("register", Registers)),
            reader.Has("set") ? (uint)reader.Number("set", 0, uint.MaxValue) : 0,
            reader.Has("clear") ? (uint)reader.Number("clear", 0, uint.MaxValue) : 0);
        reader.RefuseOthers();
        return choice;
    }

    private static Step[] ReadSteps(SettingReader top, TdPlan[] tds)
    {
        string expected = "steps out of " + string.Join(", ", Verbs) + ", optionally followed by the name of a TD";
        List<Step> steps = [];
        foreach ((string text, Origin origin) in top.Texts("steps"))
        {
            string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            bool known = words.Length is 1 or 2 && Verbs.Contains(words[0])
                && (words.Length == 1 || (OfTds.Contains(words[0]) && Array.Exists(tds, td => td.Name == words[1])));
            if (!known)
                throw new ConfigurationException(origin, $"steps: \"{text}\": expected {expected}");
            if (words[0] is "run" or "destroy" && tds.Length > 0 && !steps.Exists(step => step.Verb == "create"))
                throw new ConfigurationException(origin, $"steps: \"{text}\": expected \"create\" somewhere before it");
            steps.Add(new Step(words[0], words.Length == 2 ? words[1] : null));
        }
        return [.. steps];
    }
}
