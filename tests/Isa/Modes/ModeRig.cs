using System.Globalization;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Modes;

/// <summary>
/// One logical processor in 32-bit protected mode without paging, with descriptors of every kind in the GDT, an LDT, two
/// tasks of 32 bits and one of 16, and an IDT whose handler for vector n is a HLT at <see cref="Handler"/>(n).
/// </summary>
internal sealed unsafe class ModeRig : IDisposable
{
    public const uint Gdt = 0x1000, Ldt = 0x1800, Idt = 0x2000, Handlers = 0x3000, Code = 0x10000;
    public const uint Tss = 0x7000, OtherTss = 0x7200, NarrowTss = 0x7400, Stack = 0x20000, Esp0 = 0x24000, Esp1 = 0x26000;
    public const uint OtherCode = 0x11000, OtherStack = 0x28000, Data = 0x30000;

    public const ushort Code0 = 0x08, Data0 = 0x10, Code3 = 0x1B, Data3 = 0x23, Current = 0x28, Other = 0x30, Narrow = 0x38;
    public const ushort LdtSelector = 0x40, Code16 = 0x48, Data16 = 0x50, Conforming = 0x58, ReadOnly = 0x60, Down = 0x68;
    public const ushort ExecuteOnly = 0x70, AbsentData = 0x78, AbsentCode = 0x80, Code1 = 0x88, Data1 = 0x90, Small = 0x98;
    public const ushort Gate = 0xA0, Gate16 = 0xA8, TaskGate = 0xB0, Free = 0xB8, Beyond = 0x400;

    private const uint Flat = 0xFFFFF;

    public ModeRig(int cpl = 0)
    {
        Memory = new PhysicalMemory(new KeyIdLayout(46, 0, 0, 0), [(0, 4 << 20)]);
        Core = new Core(0, 0, Memory, new FlatCosts());
        BuildTables();
        LogicalProcessor* lp = Core.Lp;
        (lp->Cr0, lp->Cr4) = (0x33, 0);
        (lp->GdtrBase, lp->GdtrLimit, lp->IdtrBase, lp->IdtrLimit) = (Gdt, 0xFF, Idt, 0x7FF);
        uint level = (uint)cpl << 5;
        lp->Cs = Segment(cpl == 0 ? Code0 : Code3, 0xC09B | level);
        lp->Ss = lp->Ds = lp->Es = Segment(cpl == 0 ? Data0 : Data3, 0xC093 | level);
        lp->Fs = lp->Gs = new Segment { AccessRights = 0x10000 };
        lp->Ldtr = new Segment { Selector = LdtSelector, Base = Ldt, Limit = 0x3F, AccessRights = 0x82 };
        lp->Tr = new Segment { Selector = Current, Base = Tss, Limit = 0x1FF, AccessRights = 0x8B };
        lp->Gpr[4] = Stack;
        lp->Rip = Code;
        Core.Rflags = 2;
        Core.ModeChanged();
    }

    public PhysicalMemory Memory { get; }

    public Core Core { get; }

    public LogicalProcessor* Lp => Core.Lp;

    public uint Esp => (uint)Lp->Gpr[4];

    public static uint Handler(int vector) => Handlers + ((uint)vector * 16);

    /// <summary>The vector whose handler stopped the processor; −1 when it stopped elsewhere.</summary>
    public int Vector => Lp->Rip > Handlers && Lp->Rip <= Handlers + 0x1000 ? (int)(Lp->Rip - Handlers) / 16 : -1;

    public ModeRig Load(string hex, uint at = Code)
    {
        Memory.Write(new Hpa(at), Bytes(hex), false);
        return this;
    }

    /// <summary>Goes to real mode: segments as given, the IDT is the interrupt vector table at 0.</summary>
    public ModeRig Real(ushort cs, ushort ss = 0x2000)
    {
        Lp->Cr0 = 0x10;
        Lp->Cs = new Segment { Selector = cs, Base = (ulong)cs << 4, Limit = 0xFFFF, AccessRights = 0x9B };
        Lp->Ds = Lp->Es = Lp->Fs = Lp->Gs = new Segment { Limit = 0xFFFF, AccessRights = 0x93 };
        Lp->Ss = new Segment { Selector = ss, Base = (ulong)ss << 4, Limit = 0xFFFF, AccessRights = 0x93 };
        (Lp->IdtrBase, Lp->IdtrLimit) = (0, 0x3FF);
        Lp->Rip = Code - (ulong)(cs << 4);
        Lp->Gpr[4] = 0x1000;
        Core.ModeChanged();
        return this;
    }

    /// <summary>Goes to virtual-8086 mode with CS = 1000H and SS = 2000H.</summary>
    public ModeRig Virtual8086(int iopl, ulong cr4 = 0)
    {
        foreach (ushort selector in (ushort[])[0x1000, 0x2000])
        {
            var s = new Segment { Selector = selector, Base = (ulong)selector << 4, Limit = 0xFFFF, AccessRights = 0xF3 };
            if (selector == 0x1000)
                Lp->Cs = s;
            else
                Lp->Ss = Lp->Ds = Lp->Es = Lp->Fs = Lp->Gs = s;
        }
        Lp->Rip = 0;
        Lp->Gpr[4] = 0x1000;
        Lp->Cr4 = cr4;
        Core.Rflags = 0x20002 | ((ulong)iopl << 12);
        Core.ModeChanged();
        return this;
    }

    public ModeRig Run(long instructions = 100)
    {
        Core.Run(instructions, ulong.MaxValue);
        return this;
    }

    public uint Read(uint at) => Memory.Read<uint>(new Hpa(at), false, out _);

    public ushort Read16(uint at) => Memory.Read<ushort>(new Hpa(at), false, out _);

    public ulong Read64(uint at) => Memory.Read<ulong>(new Hpa(at), false, out _);

    public void Write(uint at, ulong value) => Memory.Write(new Hpa(at), value, false);

    public void Write32(uint at, uint value) => Memory.Write(new Hpa(at), value, false);

    public void Write16(uint at, ushort value) => Memory.Write(new Hpa(at), value, false);

    /// <summary>Writes a descriptor; flags are G, D/B, L, AVL in bits 3..0.</summary>
    public void Descriptor(ushort selector, uint start, uint limit, byte access, int flags = 0) => Write(
        Gdt + (selector & 0xFFF8u),
        (limit & 0xFFFF) | ((ulong)(start & 0xFF_FFFF) << 16) | ((ulong)access << 40) | ((ulong)(limit >> 16 & 15) << 48)
            | ((ulong)flags << 52) | ((ulong)(start >> 24) << 56));

    /// <summary>Writes a gate descriptor into the GDT.</summary>
    public void SetGate(ushort at, ushort selector, uint offset, byte access, int parameters = 0) =>
        Write(Gdt + (at & 0xFFF8u), GateDescriptor(selector, offset, access, parameters));

    /// <summary>Writes a gate descriptor into the IDT.</summary>
    public void SetIdt(int vector, ushort selector, uint offset, byte access) =>
        Write(Idt + ((uint)vector * 8), GateDescriptor(selector, offset, access, 0));

    /// <summary>The access byte of a descriptor in the GDT.</summary>
    public byte AccessOf(ushort selector) => (byte)(Read64(Gdt + (selector & 0xFFF8u)) >> 40);

    public void Dispose()
    {
        Core.Dispose();
        Memory.Dispose();
    }

    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>MOV reg16, imm16 style little-endian hexadecimal digits of a number.</summary>
    public static string Hex16(int value) => ((value & 0xFF) << 8 | value >> 8 & 0xFF).ToString("X4", CultureInfo.InvariantCulture);

    private static ulong GateDescriptor(ushort selector, uint offset, byte access, int parameters) =>
        (offset & 0xFFFF) | ((ulong)selector << 16) | ((ulong)(uint)parameters << 32) | ((ulong)access << 40)
        | ((ulong)(offset >> 16) << 48);

    private static Segment Segment(ushort selector, uint rights) =>
        new() { Selector = selector, Limit = uint.MaxValue, AccessRights = rights };

    private void BuildTables()
    {
        Descriptor(Code0, 0, Flat, 0x9B, 12);
        Descriptor(Data0, 0, Flat, 0x93, 12);
        Descriptor(Code3, 0, Flat, 0xFB, 12);
        Descriptor(Data3, 0, Flat, 0xF3, 12);
        Descriptor(Current, Tss, 0x1FF, 0x8B);
        Descriptor(Other, OtherTss, 0x67, 0x89);
        Descriptor(Narrow, NarrowTss, 0x2B, 0x81);
        Descriptor(LdtSelector, Ldt, 0x3F, 0x82);
        Descriptor(Code16, 0, 0xFFFF, 0x9A);
        Descriptor(Data16, 0x20000, 0xFFFF, 0x92);
        Descriptor(Conforming, 0, Flat, 0x9E, 12);
        Descriptor(ReadOnly, 0, Flat, 0xF0, 12);
        Descriptor(Down, 0, 0x2FFFF, 0xF6, 4);
        Descriptor(ExecuteOnly, 0, Flat, 0xF8, 12);
        Descriptor(AbsentData, 0, Flat, 0x72, 12);
        Descriptor(AbsentCode, 0, Flat, 0x1A, 12);
        Descriptor(Code1, 0, Flat, 0xBA, 12);
        Descriptor(Data1, 0, Flat, 0xB2, 12);
        Descriptor(Small, Data, 0xFF, 0xF2, 4);
        SetGate(Gate, Code0, OtherCode, 0xEC);
        SetGate(Gate16, Code0, 0x4000, 0xE4);
        Load("F4", 0x4000);
        SetGate(TaskGate, Other, 0, 0xE5);
        Write(Ldt + 8, Read64(Gdt + Data0));
        for (int vector = 0; vector < 256; vector++)
        {
            SetIdt(vector, Code0, Handler(vector), 0xEE);
            Load("F4", Handler(vector));
            Write32((uint)vector * 4, (Handlers >> 4 << 16) | ((uint)vector * 16));
        }
        Load("F4", OtherCode);
        Write32(Tss + 4, Esp0);
        Write32(Tss + 8, Data0);
        Write32(Tss + 12, Esp1);
        Write32(Tss + 16, Data1 | 1);
        Write16(Tss + 102, 0x88); // I/O permission bitmap, behind 32 bytes of interrupt redirection
        BuildTask();
    }

    private void BuildTask()
    {
        uint[] fields =
        [
            0, OtherCode, 2, 0xA0, 0xA1, 0xA2, 0xA3, OtherStack, 0xA5, 0xA6, 0xA7, Data0, Code0, Data0, Data0, 0, 0, LdtSelector,
        ];
        for (int n = 0; n < fields.Length; n++)
            Write32(OtherTss + 0x1C + ((uint)n * 4), fields[n]);
        ushort[] narrow =
        [
            0x1000, 2, 0xB0, 0xB1, 0xB2, 0xB3, 0x8000, 0xB5, 0xB6, 0xB7, Data0, Code0, Data16, Data0, LdtSelector,
        ];
        for (int n = 0; n < narrow.Length; n++)
            Write16(NarrowTss + 0x0E + ((uint)n * 2), narrow[n]);
    }
}
