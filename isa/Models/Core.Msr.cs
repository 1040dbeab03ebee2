using Seamsim.Isa.Models;

namespace Seamsim.Isa.State;

/// <summary>RDMSR and WRMSR. The model's table says which MSRs there are and which bits are reserved.</summary>
public sealed unsafe partial class Core
{
    private readonly Dictionary<uint, ulong> msrs = [];
    private ulong tscAdjust;

    /// <summary>MSRs that keep what is written to them and have been written since reset; the rest hold their reset
    /// values.</summary>
    internal IReadOnlyDictionary<uint, ulong> WrittenMsrs
    {
        get
        {
            Dictionary<uint, ulong> written = new(msrs);
            foreach (uint msr in IsOnPlatform ? XsaveMsrs.All : [])
                if (Stored(msr) != ResetValueOf(msr))
                    written[msr] = Stored(msr);
            return written;
        }
    }

    /// <summary>RDMSR at CPL 0; false is #GP(0).</summary>
    public bool TryRdmsr(uint msr, out ulong value)
    {
        value = 0;
        if (!IsOnPlatform || Model.Msrs.Find(msr) is not { } row)
            return false;
        switch (row.Rule)
        {
            case MsrRule.WriteOnly or MsrRule.SeamExtend:
                return false;
            case MsrRule.State or MsrRule.StateCanonical or MsrRule.Efer or MsrRule.Cet:
                value = StateMsr(msr);
                return true;
            case MsrRule.Tsc:
                value = ReadTsc();
                return true;
            case MsrRule.TscAdjust:
                value = tscAdjust;
                return true;
            case MsrRule.ApicBase:
                value = Apic.BaseMsr;
                return true;
            case MsrRule.TscDeadline:
                value = Apic.TscDeadline;
                return true;
            case MsrRule.X2Apic:
                return Apic.TryReadMsr(msr, out value);
            case MsrRule.IntrPending:
                value = Apic.PendingMask;
                return true;
            default:
                value = Stored(msr);
                return true;
        }
    }

    /// <summary>WRMSR at CPL 0; false is #GP(0) and nothing has changed.</summary>
    public bool TryWrmsr(uint msr, ulong value)
    {
        if (!IsOnPlatform || Model.Msrs.Find(msr) is not { } row || (value & row.Reserved) != 0)
            return false;
        switch (row.Rule)
        {
            case MsrRule.ReadOnly or MsrRule.IntrPending:
                return false;
            case MsrRule.WriteOnly:
                return true;
            case MsrRule.Tsc:
                tscAdjust += value - ReadTsc();
                return true;
            case MsrRule.TscAdjust:
                tscAdjust = value;
                return true;
            case MsrRule.ApicBase:
                return Apic.TryWriteBase(value);
            case MsrRule.TscDeadline:
                Apic.TscDeadline = value;
                return true;
            case MsrRule.X2Apic:
                return Apic.TryWriteMsr(msr, value);
            case MsrRule.Wbinvdp:
                return TryWriteBackBlock(msr, value);
            case MsrRule.SeamExtend:
                return TrySeamExtend(value);
            case MsrRule.Efer:
                return TryWriteEfer(value);
            case MsrRule.State:
                StateMsr(msr) = value;
                if (msr == Isa.Vmx.Msr.Pkrs)
                    ModeChanged(); // it takes part in paging
                return true;
            case MsrRule.Cet:
                return TryWriteCet(msr, value);
            case MsrRule.StateCanonical when IsWidestCanonical(value):
                StateMsr(msr) = value;
                return true;
            default:
                if (!IsLegal(row, msr, value))
                    return false;
                Store(row, msr, value);
                return true;
        }
    }

    private void ResetMsrs()
    {
        msrs.Clear();
        tscAdjust = 0;
        foreach (LpOverride difference in Model.OverridesOf(Index))
        {
            if (!difference.IsMsr || !Model.Msrs.TryGetReset(difference.Number, out ulong reset))
                continue;
            if (difference.Number == 0x3B)
                tscAdjust = difference.Apply(reset);
            else
                Store(Model.Msrs.Find(difference.Number)!, difference.Number, difference.Apply(Stored(difference.Number)));
        }
    }

    /// <summary>What an MSR holds when it has not been written since reset; 0 when there is none.</summary>
    internal ulong ResetValueOf(uint msr) =>
        Model.TryGetResetValue(Index, msr, out ulong value) ? value : 0;

    private void Store(MsrRow row, uint msr, ulong value)
    {
        if (XsaveMsr(msr) is var place && place is not null)
            *place = value | (*place & row.Reserved);
        else
            msrs[msr] = value;
    }

    private ulong Stored(uint msr)
    {
        if (XsaveMsr(msr) is var place && place is not null)
            return *place & ~Model.Msrs.Find(msr)!.Reserved;
        if (!msrs.TryGetValue(msr, out ulong value))
            Model.Msrs.TryGetReset(msr, out value);
        return value;
    }

    private bool IsLegal(MsrRow row, uint msr, ulong value) => row.Rule switch
    {
        MsrRule.Canonical      => IsWidestCanonical(value),
        MsrRule.StateCanonical => false,
        MsrRule.Pat            => AllBytes(value, b => b is 0 or 1 or 4 or 5 or 6 or 7),
        MsrRule.MtrrFixed      => AllBytes(value, IsMtrrType),
        MsrRule.MtrrDefault    => IsMtrrType((byte)value),
        MsrRule.Mtrr           => IsLegalMtrr(msr, value),
        _                      => true,
    };

    private bool IsLegalMtrr(uint msr, ulong value)
    {
        ulong beyond = ~((1UL << Model.Parameters.PhysicalAddressBits) - 1);
        bool isMask = (msr & 1) != 0;
        return (value & beyond) == 0 && (isMask ? (value & 0x7FF) == 0 : (value & 0xF00) == 0 && IsMtrrType((byte)value));
    }

    private static bool IsMtrrType(byte type) => type is 0 or 1 or 4 or 5 or 6;

    private static bool AllBytes(ulong value, Predicate<byte> legal)
    {
        for (int i = 0; i < 64; i += 8)
            if (!legal((byte)(value >> i)))
                return false;
        return true;
    }

    /// <summary>
    /// Canonical for the widest linear addresses the processor supports (57 bits), whatever CR4.LA57 says: MSRs, the
    /// bases that LGDT, LIDT, LLDT and LTR load, INVPCID. SDM vol. 1, 3.3.7.1; vol. 3A, 4.5.1.
    /// </summary>
    internal static bool IsWidestCanonical(ulong value) => (ulong)((long)(value << 7) >> 7) == value;

    private ref ulong StateMsr(uint msr)
    {
        LogicalProcessor* lp = Lp;
        switch (msr)
        {
            case 0x174:       return ref lp->SysenterCs;
            case 0x175:       return ref lp->SysenterEsp;
            case 0x176:       return ref lp->SysenterEip;
            case 0x6A0:       return ref lp->UCet;
            case 0x6A2:       return ref lp->SCet;
            case 0x6A4:       return ref lp->Pl0Ssp;
            case 0x6A5:       return ref lp->Pl1Ssp;
            case 0x6A6:       return ref lp->Pl2Ssp;
            case 0x6A7:       return ref lp->Pl3Ssp;
            case 0x6A8:       return ref lp->InterruptSspTable;
            case 0x6E1:       return ref lp->Pkrs;
            case 0xDA0:       return ref lp->Xss;
            case 0xC000_0080: return ref lp->Efer;
            case 0xC000_0081: return ref lp->Star;
            case 0xC000_0082: return ref lp->Lstar;
            case 0xC000_0083: return ref lp->Cstar;
            case 0xC000_0084: return ref lp->Fmask;
            case 0xC000_0100: return ref lp->Fs.Base;
            case 0xC000_0101: return ref lp->Gs.Base;
            case 0xC000_0102: return ref lp->KernelGsBase;
            default:          return ref lp->TscAux; // 0xC0000103; the table has no other row with this rule
        }
    }

    // SDM vol. 1, 17.2.3 and 17.3.2: canonical, and never suppressing and waiting for an ENDBRANCH at once.
    private bool TryWriteCet(uint msr, ulong value)
    {
        const ulong both = CetBit.Suppress | CetBit.Tracker;
        if (!IsWidestCanonical(value) || (value & both) == both)
            return false;
        StateMsr(msr) = value;
        ModeChanged();
        return true;
    }

    // SDM vol. 3A, 2.2.1 and 10.8.5: LMA is not writable, LME not while paging is on.
    private bool TryWriteEfer(ulong value)
    {
        ulong old = Lp->Efer;
        if (((value ^ old) & EferBit.Lme) != 0 && (Lp->Cr0 & Cr0Bit.Pg) != 0)
            return false;
        Lp->Efer = (value & ~EferBit.Lma) | (old & EferBit.Lma);
        ModeChanged();
        return true;
    }

    // The value names a block of the package's caches; the last one completes the write-back.
    private bool TryWriteBackBlock(uint msr, ulong block)
    {
        ulong blocks = Stored(msr);
        if (block >= blocks)
            return false;
        ChargeOperation(Ports.Operation.WbnoinvdBlock);
        if (block == blocks - 1)
            Memory.Ledger.PackageWrittenBack(Package);
        return true;
    }

    private bool TrySeamExtend(ulong address)
    {
        if (!InSeamRoot || !Vmx.Seamldr)
            return false;
        Span<byte> structure = stackalloc byte[SeamMeasurement.StructBytes];
        if (Memory.Read(new Hpa(address), structure, inSeam: true) != Isa.Memory.MemoryResult.Ok)
            return false;
        Uncore.Seam.Load(structure);
        return true;
    }
}
