using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Tests.Host;

/// <summary>
/// Answers SEAMCALLs like a module that finds nothing wrong; it remembers which pages it was given. A test overrides a
/// leaf with its own answer.
/// </summary>
internal sealed class FakeModule(FakePlatform platform)
{
    /// <summary>A leaf's answer: reads and writes the processor's registers, returns RAX.</summary>
    internal delegate TdxStatus Answer(FakeCpu cpu);

    public bool IsLoaded { get; set; } = true;

    /// <summary>Leaves in call order, with the processor.</summary>
    public List<(SeamcallLeaf Leaf, int Cpu)> Trace { get; } = [];

    /// <summary>All calls with RCX, RDX, R8, R9 and the version.</summary>
    public List<(SeamcallLeaf Leaf, ulong Rcx, ulong Rdx, ulong R8, ulong R9, int Version)> Calls { get; } = [];

    /// <summary>Own answers of a test.</summary>
    public Dictionary<SeamcallLeaf, Answer> Answers { get; } = [];

    /// <summary>Pages given to the module and not yet taken back.</summary>
    public HashSet<ulong> Pages { get; } = [];

    /// <summary>Pages given without CLFLUSH before.</summary>
    public List<ulong> DirtyPages { get; } = [];

    /// <summary>What VP.ENTER answers, in order; when it is empty, an external interrupt.</summary>
    public Queue<Answer> Exits { get; } = new();

    /// <summary>TD_PARAMS of the last MNG.INIT.</summary>
    public byte[] TdParams { get; private set; } = [];

    public Dictionary<ulong, ulong> Sys { get; } = DefaultFields();

    /// <summary>CPUID_VALUES a TD has, by (leaf, subleaf or none).</summary>
    public Dictionary<(uint, uint?), CpuidValue> TdCpuid { get; } = new()
    {
        [(0, null)] = new(0x23, 1, 2, 3),
        [(1, null)] = new(0x806F8, 0x00100800, 0x7FFAFBFF | 1U << 21, 0xBFEBFBFF),
        [(4, 0)] = new(0x121, 0x02C0003F, 0x3F, 0),
        [(4, 1)] = new(0x122, 0x01C0003F, 0x3F, 0),
        [(7, 0)] = new(2, 0xF3BFBFFB, 0x1B415F6E, 0xFFDD4432),
        [(0x21, 0)] = new(0, 0x65746E49, 0x20202020, 0x5844546C),
        [(0x8000_0000, null)] = new(0x8000_0008, 0, 0, 0),
        [(0x8000_0008, null)] = new(0x3934, 0x200, 0, 0),
    };

    public int Count(SeamcallLeaf leaf) => Trace.Count(call => call.Leaf == leaf);

    public void Seamcall(FakeCpu cpu)
    {
        if (!IsLoaded)
        {
            cpu.Rflags |= 1;
            return;
        }
        ulong rax = cpu.Gpr(0);
        SeamcallLeaf leaf = (SeamcallLeaf)((rax & 1UL << 63) != 0 ? rax : rax & 0xFFFF);
        Trace.Add((leaf, cpu.Index));
        Calls.Add((leaf, cpu.Gpr(1), cpu.Gpr(2), cpu.Gpr(8), cpu.Gpr(9), (int)(rax >> 16 & 0xFF)));
        TdxStatus status = Answers.TryGetValue(leaf, out Answer? own) ? own(cpu) : Default(leaf, cpu);
        cpu.Gpr(0) = status.Value;
    }

    /// <summary>The answer without overrides.</summary>
    public TdxStatus Default(SeamcallLeaf leaf, FakeCpu cpu)
    {
        ulong rcx = cpu.Gpr(1), rdx = cpu.Gpr(2);
        switch (leaf)
        {
            case SeamcallLeaf.TDH_SYS_RD:
                return Sys.TryGetValue(rdx, out cpu.Gpr(8)) ? TdxStatus.Success : TdxStatus.MetadataFieldNotReadable;
            case SeamcallLeaf.TDH_SYS_TDMR_INIT:
                cpu.Gpr(2) = rcx + (1UL << 40);
                return TdxStatus.Success;
            case SeamcallLeaf.TDH_MNG_RD:
                return ReadTd(cpu, rdx);
            case SeamcallLeaf.TDH_MNG_INIT:
                TdParams = new byte[1024];
                platform.Read(new Seamsim.Isa.Hpa(rdx), TdParams);
                return TdxStatus.Success;
            case SeamcallLeaf.TDH_MNG_CREATE or SeamcallLeaf.TDH_MNG_ADDCX or SeamcallLeaf.TDH_VP_CREATE
                or SeamcallLeaf.TDH_VP_ADDCX:
                return Take(cpu, rcx);
            case SeamcallLeaf.TDH_MEM_SEPT_ADD or SeamcallLeaf.TDH_MEM_PAGE_ADD or SeamcallLeaf.TDH_MEM_PAGE_AUG:
                mapped[(leaf == SeamcallLeaf.TDH_MEM_SEPT_ADD, rcx)] = cpu.Gpr(8);
                return Take(cpu, cpu.Gpr(8));
            case SeamcallLeaf.TDH_MEM_PAGE_REMOVE:
                Pages.Remove(mapped[(false, rcx)]);
                return TdxStatus.Success;
            case SeamcallLeaf.TDH_PHYMEM_PAGE_RECLAIM:
                return Pages.Remove(rcx) ? TdxStatus.Success : TdxStatus.PageMetadataIncorrect;
            case SeamcallLeaf.TDH_MEM_RANGE_BLOCK:
                return mapped.ContainsKey((false, rcx))
                    ? TdxStatus.Success
                    : TdxStatus.EptEntryStateIncorrect.With(OperandId.Rcx);
            case SeamcallLeaf.TDH_VP_ENTER:
                return Exits.TryDequeue(out Answer? exit) ? exit(cpu) : new TdxStatus(1);
            default:
                return TdxStatus.Success;
        }
    }

    /// <summary>A TDVMCALL exit with R10.. as given.</summary>
    public static Answer Tdvmcall(params ulong[] r10) => cpu =>
    {
        for (int i = 0; i < 6; i++)
            cpu.Gpr(10 + i) = i < r10.Length ? r10[i] : 0;
        return new TdxStatus(77);
    };

    /// <summary>An EPT violation exit.</summary>
    public static Answer EptViolation(ulong gpa, ulong qualification = 2, ulong extended = 0) => cpu =>
    {
        cpu.Gpr(1) = qualification;
        cpu.Gpr(2) = extended;
        cpu.Gpr(8) = gpa;
        return new TdxStatus(48);
    };

    private readonly Dictionary<(bool IsTable, ulong), ulong> mapped = [];

    private TdxStatus Take(FakeCpu cpu, ulong page)
    {
        if (!cpu.Flushed.Remove(page))
            DirtyPages.Add(page);
        Pages.Add(page);
        return TdxStatus.Success;
    }

    private TdxStatus ReadTd(FakeCpu cpu, ulong field)
    {
        foreach (((uint leaf, uint? subleaf), CpuidValue value) in TdCpuid)
        {
            if (TdFields.CpuidValues(leaf, subleaf, 0)!.Value.Value == field)
                cpu.Gpr(8) = value.Eax | (ulong)value.Ebx << 32;
            else if (TdFields.CpuidValues(leaf, subleaf, 1)!.Value.Value == field)
                cpu.Gpr(8) = value.Ecx | (ulong)value.Edx << 32;
            else
                continue;
            return TdxStatus.Success;
        }
        bool isCpuid = field >> 56 == 0x94;
        cpu.Gpr(8) = 0x1234;
        return isCpuid ? TdxStatus.MetadataFieldNotReadable : TdxStatus.Success;
    }

    private static Dictionary<ulong, ulong> DefaultFields()
    {
        Dictionary<ulong, ulong> fields = new()
        {
            [SysFields.MajorVersion.Value] = 1, [SysFields.MinorVersion.Value] = 5, [SysFields.UpdateVersion.Value] = 1,
            [SysFields.TdxFeatures0.Value] = TdxFeatures0.NoRbpMod, [SysFields.MaxTdmrs.Value] = 64,
            [SysFields.MaxReservedPerTdmr.Value] = 16, [SysFields.Pamt4KEntrySize.Value] = 16,
            [SysFields.Pamt2MEntrySize.Value] = 16, [SysFields.Pamt1GEntrySize.Value] = 16,
            [SysFields.TdcsBaseSize.Value] = 0x6000, [SysFields.TdvpsBaseSize.Value] = 0x6000,
            [SysFields.AttributesFixed0.Value] = 0x80000000_70000001, [SysFields.AttributesFixed1.Value] = 0,
            [SysFields.XfamFixed0.Value] = 0x6DBE7, [SysFields.XfamFixed1.Value] = 3,
        };
        SetConfigs(
            fields,
            new CpuidConfig(1, CpuidConfig.NoSubLeaf, new CpuidValue(0x0FFF3FFF, 0x00FF0000, 1 << 7, 0)),
            new CpuidConfig(4, 0, new CpuidValue(0xFFFFC3FF, 0xFFFFF000, 0xFFFFFFFF, 7)),
            new CpuidConfig(7, 0, new CpuidValue(0, 1 << 4 | 1 << 11 | 1 << 16, 1 << 5 | 1 << 13, 0)),
            new CpuidConfig(0x8000_0008, CpuidConfig.NoSubLeaf, new CpuidValue(0, 0x200, 0, 0)));
        return fields;
    }

    /// <summary>Replaces the configurable leaves.</summary>
    public static void SetConfigs(Dictionary<ulong, ulong> fields, params CpuidConfig[] configs)
    {
        fields[SysFields.NumCpuidConfig.Value] = (ulong)configs.Length;
        for (int i = 0; i < configs.Length; i++)
        {
            CpuidValue mask = configs[i].Mask;
            fields[SysFields.CpuidConfigLeaf(i).Value] = configs[i].Leaf | (ulong)configs[i].SubLeaf << 32;
            fields[SysFields.CpuidConfigValue(i, 0).Value] = mask.Eax | (ulong)mask.Ebx << 32;
            fields[SysFields.CpuidConfigValue(i, 1).Value] = mask.Ecx | (ulong)mask.Edx << 32;
        }
    }
}
