using Seamsim.Isa.State;

namespace Seamsim.BareMetal;

/// <summary>The states a boot loader leaves the logical processors in.</summary>
internal static unsafe class PcStart
{
    private const uint Magic = 0x2BADB002;
    private const uint Code32 = 0xC09B, Data32 = 0xC093; // flat, 4-GiB limit, accessed
    private const int Eax = 0, Ebx = 3;

    /// <summary>
    /// The machine state of the Multiboot Specification 0.6.96, 3.2: 32-bit protected mode, flat segments, paging and
    /// interrupts off. What it leaves undefined keeps its reset value; caches are on, as firmware leaves them.
    /// </summary>
    public static void Enter(Core core, uint entry, uint information)
    {
        LogicalProcessor* lp = core.Lp;
        lp->Cr0 = Cr0Bit.Pe | Cr0Bit.Et;
        lp->Cs = new Segment { Selector = 0x08, Limit = uint.MaxValue, AccessRights = Code32 };
        lp->Ds = lp->Es = lp->Fs = lp->Gs = lp->Ss =
            new Segment { Selector = 0x10, Limit = uint.MaxValue, AccessRights = Data32 };
        lp->Gpr[Eax] = Magic;
        lp->Gpr[Ebx] = information;
        lp->Rip = entry;
        core.ModeChanged();
    }

    /// <summary>Application processors wait for INIT and start-up IPIs. SDM vol. 3A, 9.4.</summary>
    public static void WaitForStartUp(Core core) => core.Lp->Activity = ActivityState.WaitForSipi;
}
