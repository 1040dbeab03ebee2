using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Isa.Engine;

/// <summary>
/// One logical processor in 64-bit mode over 16 MiB, identity-mapped by 4-level paging with user pages, with a GDT, a
/// TSS and an IDT whose handler for vector n is a HLT at <see cref="Handler"/>(n).
/// </summary>
internal sealed unsafe class EngineRig : IDisposable
{
    public const ulong Code = 0x100000, Data = 0x200000, Stack = 0x80000, Rsp0 = 0x70000, Ist1 = 0x68000;
    public const ulong Gdt = 0x1000, Idt = 0x2000, Handlers = 0x3000, Tss = 0x7000, Pml4 = 0x10000;
    public const ushort KernelCode = 8, KernelData = 16, Code32 = 24, UserData = 0x23, UserCode = 0x2B, TssSelector = 0x30;

    private const ulong Pdpt = 0x11000, Pd = 0x12000, Pt = 0x13000;

    /// <param name="user">At CPL 3.</param>
    /// <param name="model">Puts the processor on a platform of this model; without one it has no CPUID and no MSRs.</param>
    /// <param name="costs">The cost model; null: one cycle an instruction.</param>
    public EngineRig(bool user = false, CpuModel? model = null, ICostModel? costs = null)
    {
        Memory = new PhysicalMemory(model?.Parameters.Keys ?? new KeyIdLayout(46, 0, 0, 0), [(0, 16 << 20)]);
        Core = new Core(0, 0, Memory, costs ?? new OneCyclePerInstruction());
        if (model is not null)
            Core.PowerOn(new Uncore(model, Memory, seed: 1));
        BuildPaging();
        BuildTables();
        LogicalProcessor* lp = Core.Lp;
        (lp->Cr0, lp->Cr3, lp->Cr4, lp->Efer) = (0x80010033, Pml4, 0x20, 0xD00);
        ulong privilege = user ? 3u << 5 : 0u;
        lp->Cs = new Segment
        {
            Selector = user ? UserCode : KernelCode, Limit = uint.MaxValue, AccessRights = 0xA09B | (uint)privilege,
        };
        lp->Ss = lp->Ds = lp->Es = new Segment
        {
            Selector = user ? UserData : KernelData, Limit = uint.MaxValue, AccessRights = 0xC093 | (uint)privilege,
        };
        (lp->GdtrBase, lp->GdtrLimit) = (Gdt, 0x3F);
        (lp->IdtrBase, lp->IdtrLimit) = (Idt, 0xFFF);
        lp->Tr = new Segment { Selector = TssSelector, Base = Tss, Limit = 103, AccessRights = 0x8B };
        lp->Gpr[4] = Stack;
        lp->Rip = Code;
        Core.Rflags = 2;
        Core.ModeChanged();
    }

    public PhysicalMemory Memory { get; }

    public Core Core { get; }

    public LogicalProcessor* Lp => Core.Lp;

    public static ulong Handler(int vector) => Handlers + ((ulong)vector * 16);

    /// <summary>Physical address of the entry that maps a page.</summary>
    public static ulong PteOf(ulong linear) => Pt + (linear >> 12 << 3);

    public EngineRig Load(params byte[] code) => LoadAt(Code, code);

    public EngineRig LoadAt(ulong at, params byte[] code)
    {
        Memory.Write(new Hpa(at), code, false);
        return this;
    }

    public EngineRig Load(Action<Assembler> write, ulong at = Code)
    {
        Assembler a = new(64);
        write(a);
        using MemoryStream bytes = new();
        a.Assemble(new StreamCodeWriter(bytes), at);
        return LoadAt(at, bytes.ToArray());
    }

    public RunEnd Run(long instructions = 100_000) => Core.Run(instructions, ulong.MaxValue);

    public ulong Read(ulong at) => Memory.Read<ulong>(new Hpa(at), false, out _);

    public void Write(ulong at, ulong value) => Memory.Write(new Hpa(at), value, false);

    public void ChangePte(ulong linear, ulong clear, ulong set = 0) => Write(PteOf(linear), (Read(PteOf(linear)) & ~clear) | set);

    /// <summary>The vector whose handler stopped the processor; −1 when it stopped elsewhere.</summary>
    public int StoppedAtVector => Lp->Rip > Handlers && Lp->Rip <= Handlers + 0x1000 ? (int)(Lp->Rip - Handlers) / 16 : -1;

    public void Dispose()
    {
        Core.Dispose();
        Memory.Dispose();
    }

    private void BuildPaging()
    {
        Write(Pml4, Pdpt | 7);
        Write(Pdpt, Pd | 7);
        for (ulong i = 0; i < 8; i++)
            Write(Pd + (i * 8), (Pt + (i << 12)) | 7);
        for (ulong page = 0; page < 4096; page++)
            Write(Pt + (page * 8), (page << 12) | 7);
    }

    private void BuildTables()
    {
        ulong[] descriptors =
        [
            0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF, 0x00CFF3000000FFFF, 0x00AFFB000000FFFF,
            0x00008B0000000067 | (Tss << 16), 0,
        ];
        for (int i = 0; i < descriptors.Length; i++)
            Write(Gdt + ((ulong)i * 8), descriptors[i]);
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate(vector, Handler(vector), 0xEE);
            LoadAt(Handler(vector), 0xF4);
        }
        Write(Tss + 4, Rsp0);
        Write(Tss + 36, Ist1);
    }

    public void SetGate(int vector, ulong target, byte access, byte ist = 0)
    {
        ulong at = Idt + ((ulong)vector * 16);
        Write(at, (target & 0xFFFF) | ((ulong)KernelCode << 16) | ((ulong)ist << 32) | ((ulong)access << 40)
            | ((target >> 16 & 0xFFFF) << 48));
        Write(at + 8, target >> 32);
    }

    private sealed class OneCyclePerInstruction : ICostModel
    {
        public string Name => "test";

        public uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions) => (uint)instructions + 3;

        public uint OperationCycles(Operation operation) => 0;
    }
}
