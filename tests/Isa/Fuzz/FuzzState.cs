using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>Puts a processor into a random state of a random mode.</summary>
internal sealed unsafe class FuzzState(OperandRandom random)
{
    private const uint CodeRights = 0x9B, DataRights = 0x93, UserRights = 0x60;
    private static readonly FuzzMode[] Weighted =
    [
        FuzzMode.Real, FuzzMode.Virtual8086, FuzzMode.Protected16, FuzzMode.Protected32, FuzzMode.Protected32,
        FuzzMode.Compatibility16, FuzzMode.Compatibility32, FuzzMode.Long64, FuzzMode.Long64, FuzzMode.Long64,
    ];

    private ulong clock;

    public FuzzMode Mode { get; private set; }

    public bool User { get; private set; }

    /// <summary>16, 32 or 64.</summary>
    public int Bits { get; private set; }

    /// <summary>Offset in CS of the first instruction.</summary>
    public ulong Rip { get; private set; }

    /// <summary>Linear address of the first instruction.</summary>
    public ulong CodeAt { get; private set; }

    /// <summary>Chooses a mode and where the code goes.</summary>
    public void Choose()
    {
        clock += 0x10000;
        Mode = Weighted[random.Next(Weighted.Length)];
        Bits = Mode switch
        {
            FuzzMode.Long64 => 64, FuzzMode.Protected32 or FuzzMode.Compatibility32 => 32, _ => 16,
        };
        User = Mode == FuzzMode.Virtual8086 || Mode != FuzzMode.Real && random.Next(2) == 0;
        ulong page = FuzzLayout.Code + ((ulong)random.Next((int)(FuzzLayout.CodeEnd - FuzzLayout.Code) >> 13) << 13);
        if (!User)
            page += FuzzLayout.PageBytes;
        CodeAt = page + (ulong)(random.Next(4) == 0 ? FuzzLayout.PageBytes - random.Next(1, 24) : random.Next(0xF00));
    }

    /// <summary>Writes the state; called with the same random numbers for each of two machines.</summary>
    public void Apply(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        SetControl(lp);
        SetSegments(lp);
        SetRegisters(lp);
        core.Rflags = Flags();
        (lp->Activity, lp->InterruptShadow, lp->NmiBlocked, lp->PendingDebug) = (ActivityState.Active, 0, false, 0);
        lp->Cycles = clock;
        core.FlushTlb();
    }

    private bool Paged => Mode switch
    {
        FuzzMode.Real => false,
        FuzzMode.Protected16 or FuzzMode.Protected32 or FuzzMode.Virtual8086 => random.Next(2) == 0,
        _ => true,
    };

    private bool IsLong => Mode >= FuzzMode.Compatibility16;

    private void SetControl(LogicalProcessor* lp)
    {
        bool paged = Paged;
        lp->Cr0 = Cr0Bit.Et | (Mode == FuzzMode.Real ? 0 : Cr0Bit.Pe) | (paged ? Cr0Bit.Pg : 0)
            | Some(Cr0Bit.Wp | Cr0Bit.Am | Cr0Bit.Ne | Cr0Bit.Mp, 2) | Some(Cr0Bit.Em | Cr0Bit.Ts | Cr0Bit.Cd, 16);
        lp->Cr4 = Some(Cr4Bit.Osfxsr | Cr4Bit.Osxsave | Cr4Bit.Osxmmexcpt | Cr4Bit.Fsgsbase, 1) & ~Some(ulong.MaxValue, 8)
            | Some(Cr4Bit.Vme | Cr4Bit.Pvi | Cr4Bit.Tsd | Cr4Bit.De | Cr4Bit.Pse | Cr4Bit.Pae | Cr4Bit.Mce | Cr4Bit.Pge
                | Cr4Bit.Pce | Cr4Bit.Umip | Cr4Bit.Smap | Cr4Bit.Smep | Cr4Bit.Pke | Cr4Bit.Pks | Cr4Bit.Vmxe, 3);
        if (random.Next(8) == 0 && (lp->Cr0 & Cr0Bit.Wp) != 0)
            lp->Cr4 |= Cr4Bit.Cet;
        if (IsLong)
            lp->Cr4 |= Cr4Bit.Pae | Some(Cr4Bit.La57 | Cr4Bit.Pcide, 4);
        lp->Efer = (IsLong ? EferBit.Lme | EferBit.Lma : 0) | Some(EferBit.Sce | EferBit.Nxe, 1);
        lp->Cr3 = IsLong ? (lp->Cr4 & Cr4Bit.La57) != 0 ? FuzzLayout.Pml5 : FuzzLayout.Pml4
            : (lp->Cr4 & Cr4Bit.Pae) != 0 ? FuzzLayout.PaePdpt : FuzzLayout.Pd32;
        lp->Xcr0 = 1 | (ulong)(random.Next(4) switch { 0 => 0, 1 => 2, 2 => 6, _ => 0xE6 });
        lp->Cr2 = random.Next64();
        (lp->Dr0, lp->Dr1) = (Address(), Address());
        (lp->Dr6, lp->Dr7) = (0xFFFF0FF0, random.Next(16) == 0 ? (random.Next64() & 0xFFFF03FF) | 0x400 : 0x400);
    }

    /// <summary>A random choice of bits, one in <paramref name="oneIn"/> set.</summary>
    private ulong Some(ulong bits, int oneIn)
    {
        ulong chosen = bits;
        for (int i = 1; i < oneIn; i *= 2)
            chosen &= random.Next64();
        return chosen;
    }

    private void SetSegments(LogicalProcessor* lp)
    {
        (lp->GdtrBase, lp->GdtrLimit) = (FuzzLayout.Gdt, (FuzzLayout.DescriptorCount * 8) - 1);
        bool oldTables = Mode == FuzzMode.Real;
        lp->IdtrBase = oldTables ? FuzzLayout.Ivt : IsLong ? FuzzLayout.Idt64 : FuzzLayout.Idt32;
        lp->IdtrLimit = oldTables ? 0x3FFu : IsLong ? 0xFFFu : 0x7FFu;
        lp->Tr = new Segment
        {
            Selector = FuzzLayout.Tss, Base = IsLong ? FuzzLayout.Tss64 : FuzzLayout.Tss32, Limit = 0x67,
            AccessRights = 0x8B,
        };
        lp->Ldtr = new Segment { AccessRights = SegmentBit.Unusable };
        if (Mode is FuzzMode.Real or FuzzMode.Virtual8086)
            SetRealSegments(lp);
        else
            SetProtectedSegments(lp);
    }

    private void SetRealSegments(LogicalProcessor* lp)
    {
        uint rights = DataRights | (User ? UserRights : 0);
        ulong start = CodeAt - (ulong)(random.Next(0x1000) * 16);
        Segment code = Real((ushort)(start >> 4), rights);
        Rip = CodeAt - code.Base;
        lp->Cs = code;
        (lp->Ds, lp->Es) = (Real((ushort)random.Next(0x8000), rights), Real((ushort)random.Next(0x8000), rights));
        (lp->Fs, lp->Gs) = (Real((ushort)random.Next(0x8000), rights), Real((ushort)random.Next(0x10000), rights));
        lp->Ss = Real((ushort)(FuzzLayout.Stack >> 4), rights);
    }

    private static Segment Real(ushort selector, uint rights) =>
        new() { Selector = selector, Base = (ulong)selector << 4, Limit = 0xFFFF, AccessRights = rights };

    private void SetProtectedSegments(LogicalProcessor* lp)
    {
        uint user = User ? UserRights : 0, size = Bits switch { 64 => 0xA000u, 32 => 0xC000u, _ => 0x8000u };
        ushort selector = (Bits, User) switch
        {
            (64, false) => FuzzLayout.Code64, (64, true) => FuzzLayout.Code64User, (32, false) => FuzzLayout.Code32,
            (32, true) => FuzzLayout.Code32User, (_, false) => FuzzLayout.Code16, _ => FuzzLayout.Code16User,
        };
        // 16-bit code reaches 64 KiB from its base
        ulong start = Bits == 16 ? CodeAt & ~0xFFFFUL : 0;
        Rip = CodeAt - start;
        lp->Cs = new Segment { Selector = selector, Base = start, Limit = uint.MaxValue, AccessRights = CodeRights | user | size };
        Segment data = new()
        {
            Selector = User ? FuzzLayout.Data3 : FuzzLayout.Data0, Limit = uint.MaxValue,
            AccessRights = DataRights | user | 0xC000,
        };
        (lp->Ss, lp->Ds, lp->Es, lp->Fs, lp->Gs) = (data, data, data, data, data);
        if (random.Next(4) == 0)
            (lp->Fs.Base, lp->Gs.Base) = (FuzzLayout.Data, IsLong ? 0xFFFF_8000_0000_0000 + FuzzLayout.Data : 0x1000);
        if (Bits != 64 && random.Next(4) == 0)
            (lp->Ds.Base, lp->Ds.Limit) = (FuzzLayout.Data, (uint)random.Next(0x20000));
        if (random.Next(16) == 0)
            lp->Es = new Segment { AccessRights = SegmentBit.Unusable };
    }

    private void SetRegisters(LogicalProcessor* lp)
    {
        for (int i = 0; i < 16; i++)
            lp->Gpr[i] = Value();
        if (random.Next(8) != 0)
            lp->Gpr[4] = StackPointer();
        lp->Rip = Rip;
        lp->Ssp = FuzzLayout.Data + ((ulong)random.Next(0x1000) * 8);
        for (int i = 0; i < 32; i++)
        {
            ulong seed = random.Next64();
            for (int word = 0; word < 8; word++)
                lp->Zmm[(i * 8) + word] = ulong.RotateLeft(seed, word * 11) * 0x9E3779B97F4A7C15;
        }
        for (int i = 0; i < 8; i++)
            lp->K[i] = random.Next64();
        for (int i = 0; i < 16; i++)
            lp->St[i] = (i & 1) == 0 ? random.Next64() : (ushort)random.Next();
        lp->Mxcsr = (uint)random.Next() & 0xFFFF | (random.Next(4) != 0 ? 0x1F80u : 0);
        lp->Fcw = (ushort)(random.Next(4) != 0 ? 0x37F : (random.Next() & 0xF3F) | 0x40);
        lp->Fsw = (ushort)(random.Next() & 0x7F7F);
        lp->Ftw = (byte)(random.Next(2) == 0 ? 0xFF : random.Next());
        lp->Pkru = random.Next(2) == 0 ? 0 : (uint)random.Next64();
    }

    private ulong StackPointer()
    {
        ulong at = FuzzLayout.Stack + ((ulong)random.Next(1, 8) << 13) + (ulong)(random.Next(0x20, 0x1E0) * 8);
        if (!User)
            at -= FuzzLayout.PageBytes;
        return (Mode is FuzzMode.Real or FuzzMode.Virtual8086) ? at - FuzzLayout.Stack : at;
    }

    private ulong Value() => random.Next(8) switch
    {
        0 => random.Next64(),
        1 => random.Next64() >> random.Next(64),
        2 => (ulong)random.Next(-20, 20),
        _ => Address(),
    };

    private ulong Address()
    {
        ulong at = FuzzLayout.Data + (ulong)random.Next(FuzzLayout.MemoryBytes - (int)FuzzLayout.Data);
        return random.Next(4) == 0 && IsLong ? at | 0xFFFF_8000_0000_0000 : random.Next(2) == 0 ? at & ~0x3FUL : at;
    }

    private ulong Flags()
    {
        ulong flags = RflagsBit.Fixed1 | Some(RflagsBit.Arithmetic, 2) | Some(RflagsBit.Df | RflagsBit.If | RflagsBit.Iopl, 2)
            | Some(RflagsBit.Tf | RflagsBit.Nt | RflagsBit.Rf | RflagsBit.Ac | RflagsBit.Vif | RflagsBit.Vip | RflagsBit.Id, 16);
        return Mode == FuzzMode.Virtual8086 ? flags | RflagsBit.Vm : flags;
    }
}
