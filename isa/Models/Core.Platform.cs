using Seamsim.Isa.Apic;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.State;

/// <summary>The logical processor as a member of its platform: model, shared parts, randomness, reset.</summary>
public sealed unsafe partial class Core
{
    /// <summary>What this logical processor shares with the others. Set by <see cref="PowerOn"/>.</summary>
    public Uncore Uncore { get; private set; } = null!;

    /// <summary>The CPU model.</summary>
    public CpuModel Model => Uncore.Model;

    /// <summary>The local APIC.</summary>
    public LocalApic Apic { get; private set; } = null!;

    /// <summary>
    /// <see cref="PowerOn"/> has been called; before that there are no MSRs, no CPUID and no local APIC.
    /// </summary>
    public bool IsOnPlatform => Uncore is not null;

    /// <summary>Numbers for RDRAND and RDSEED.</summary>
    public RandomSource Random { get; private set; } = null!;

    /// <summary>CPUID on this logical processor.</summary>
    public CpuidResult Cpuid(uint leaf, uint subleaf) => Model.Cpuid(this, leaf, subleaf);

    /// <summary>RDRAND; false is CF = 0.</summary>
    public bool TryRdrand(out ulong value) => Random.TryNext(out value);

    /// <summary>RDSEED; false is CF = 0.</summary>
    public bool TryRdseed(out ulong value) => Random.TryNext(out value);

    /// <summary>RDTSC, TSC_ADJUST included.</summary>
    public ulong ReadTsc()
    {
        ulong value = ReadTscAt(Lp->Cycles);
        Probe?.TimeUsed(this, timer: false, value);
        return value;
    }

    /// <summary>Puts the logical processor on a platform and resets it.</summary>
    public void PowerOn(Uncore uncore)
    {
        Uncore = uncore;
        extended = null; // the model decides which components there are
        Random = new RandomSource(uncore.Seed, (ulong)Index);
        Apic = new LocalApic(this, uncore.Apics);
        uncore.Apics.Add(Apic);
        ResetMsrs();
        ResetState();
    }

    /// <summary>
    /// State after RESET or INIT. SDM vol. 3A, table 10-1. MSRs, TSC and memory stay as they are on INIT.
    /// </summary>
    public void ResetState()
    {
        LogicalProcessor* lp = Lp;
        for (int i = 0; i < 16; i++)
            lp->Gpr[i] = 0;
        lp->Gpr[2] = Model.Cpuid(this, 1, 0).Eax;
        lp->Rip = 0xFFF0;
        Rflags = RflagsBit.Fixed1;
        lp->Cr0 = Cr0Bit.Cd | Cr0Bit.Nw | Cr0Bit.Et;
        lp->Cr2 = lp->Cr3 = lp->Cr4 = lp->Cr8 = lp->Efer = 0;
        lp->Dr0 = lp->Dr1 = lp->Dr2 = lp->Dr3 = lp->PendingDebug = lp->Ssp = lp->Xss = 0;
        lp->UCet = lp->SCet = lp->Pl0Ssp = lp->Pl1Ssp = lp->Pl2Ssp = lp->Pl3Ssp = lp->InterruptSspTable = lp->Pkrs = 0;
        lp->Dr6 = DebugBit.Dr6Reset;
        lp->Dr7 = DebugBit.Dr7Ones;
        lp->Xcr0 = 1;
        Segment data = new() { Limit = 0xFFFF, AccessRights = 0x93 };
        lp->Es = lp->Ss = lp->Ds = lp->Fs = lp->Gs = data;
        lp->Cs = new Segment { Selector = 0xF000, Base = 0xFFFF0000, Limit = 0xFFFF, AccessRights = 0x9B };
        lp->Ldtr = new Segment { Limit = 0xFFFF, AccessRights = 0x82 };
        lp->Tr = new Segment { Limit = 0xFFFF, AccessRights = 0x8B };
        lp->GdtrBase = lp->IdtrBase = 0;
        lp->GdtrLimit = lp->IdtrLimit = 0xFFFF;
        lp->Activity = ActivityState.Active;
        lp->InterruptShadow = 0;
        lp->NmiBlocked = false;
        ModeChanged();
    }

    internal ulong ReadTscAt(ulong cycles) => (Uncore.Timebase?.ReadTsc(this, cycles) ?? cycles) + tscAdjust;
}
