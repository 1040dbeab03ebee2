using Seamsim.Isa.State;

namespace Seamsim.Isa.Apic;

/// <summary>The local APIC of one logical processor, xAPIC or x2APIC. SDM vol. 3A, chapter 11.</summary>
public sealed unsafe partial class LocalApic
{
    /// <summary>Physical address of the xAPIC registers after reset.</summary>
    public const ulong DefaultBase = 0xFEE00000;

    private const ulong Bsp = 1UL << 8, X2Enable = 1UL << 10, Enable = 1UL << 11;
    private const uint SoftwareEnable = 1u << 8;
    private readonly Core core;
    private readonly ApicBus bus;
    private readonly VectorSet irr = new(), isr = new(), tmr = new();
    private readonly bool legacyDisabled;
    private uint spurious = 0xFF, errors, pendingErrors, logicalDestination, destinationFormat = uint.MaxValue;

    internal LocalApic(Core core, ApicBus bus)
    {
        this.core = core;
        this.bus = bus;
        Id = core.Model.Parameters.ApicIdOf(core.Index);
        // IA32_XAPIC_DISABLE_STATUS: firmware hands over in x2APIC mode, and there is no way back.
        legacyDisabled = core.Model.TryGetResetValue(core.Index, 0xBD, out ulong status) && (status & 1) != 0;
        BaseMsr = DefaultBase | Enable | (legacyDisabled ? X2Enable : 0) | (core.Index == 0 ? Bsp : 0);
        ulong num = core.Model.Cpuid(new Models.CpuidContext(core.Index, 0, 1, 0, true), 0x15, 0).Ebx;
        ulong den = core.Model.Cpuid(new Models.CpuidContext(core.Index, 0, 1, 0, true), 0x15, 0).Eax;
        tscPerTick = den == 0 ? 1 : Math.Max(1, num / den);
    }

    /// <summary>The x2APIC ID.</summary>
    public uint Id { get; }

    /// <summary>The logical processor it belongs to.</summary>
    public Core Core => core;

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong BaseMsr { get; private set; }

    /// <summary>x2APIC mode.</summary>
    public bool IsX2Apic => (BaseMsr & (Enable | X2Enable)) == (Enable | X2Enable);

    /// <summary>An NMI waits.</summary>
    public bool NmiPending { get; set; }

    /// <summary>An SMI waits; nothing in this machine handles it, but SEAM software can see it.</summary>
    public bool SmiPending { get; set; }

    /// <summary>An INIT waits.</summary>
    public bool InitPending { get; set; }

    /// <summary>Vector of a waiting start-up IPI; −1 when none.</summary>
    public int StartUpVector { get; set; } = -1;

    /// <summary>MSR_INTR_PENDING: bit 0 external interrupt, 1 NMI, 2 SMI, 3 anything else (INIT).</summary>
    public ulong PendingMask =>
        (Deliverable >= 0 ? 1UL : 0) | (NmiPending ? 2UL : 0) | (SmiPending ? 4UL : 0) | (InitPending ? 8UL : 0);

    /// <summary>The vector that would be delivered now; −1 when none.</summary>
    public int Deliverable
    {
        get
        {
            int vector = irr.Highest;
            return vector >= 0 && (vector >> 4) > (int)(ProcessorPriority >> 4) && IsSoftwareEnabled ? vector : -1;
        }
    }

    /// <summary>IA32_APIC_BASE[11].</summary>
    public bool IsEnabled => (BaseMsr & Enable) != 0;

    private bool IsSoftwareEnabled => IsEnabled && (spurious & SoftwareEnable) != 0;

    // TPR[7:4] is CR8; the low bits have no effect but read back.
    private uint TaskPriority
    {
        get => ((uint)core.Lp->Cr8 << 4) | taskPriorityLow;
        set => (core.Lp->Cr8, taskPriorityLow) = ((value >> 4) & 0xF, value & 0xF);
    }

    private uint taskPriorityLow;

    // SDM vol. 3A, 11.8.3.1.
    private uint ProcessorPriority
    {
        get
        {
            uint task = TaskPriority, service = (uint)Math.Max(0, isr.Highest);
            return (task >> 4) >= (service >> 4) ? task : service & 0xF0;
        }
    }

    /// <summary>Interrupt acknowledge; a request that went away answers with the spurious vector.</summary>
    public byte Acknowledge()
    {
        int vector = Deliverable;
        if (vector < 0)
            return (byte)spurious;
        irr.Clear(vector);
        isr.Set(vector);
        return (byte)vector;
    }

    /// <summary>Takes an interrupt message; false when the APIC ignores it.</summary>
    public bool Accept(DeliveryMode mode, byte vector)
    {
        if (!IsEnabled)
            return false;
        switch (mode)
        {
            case DeliveryMode.Fixed or DeliveryMode.LowestPriority or DeliveryMode.ExtInt:
                if (!IsSoftwareEnabled)
                    return false;
                if (vector < 16)
                {
                    pendingErrors |= 1u << 6;
                    return false;
                }
                irr.Set(vector);
                break;
            case DeliveryMode.Smi:
                SmiPending = true;
                break;
            case DeliveryMode.Nmi:
                NmiPending = true;
                break;
            case DeliveryMode.Init:
                InitPending = true;
                break;
            case DeliveryMode.StartUp:
                StartUpVector = vector;
                break;
            default:
                return false;
        }
        core.Lp->Leave = 1; // the run loop looks at pending events before the next block
        return true;
    }

    /// <summary>WRMSR IA32_APIC_BASE; false is #GP(0). SDM vol. 3A, 11.12.5.</summary>
    internal bool TryWriteBase(ulong value)
    {
        ulong beyond = ~((1UL << core.Model.Parameters.PhysicalAddressBits) - 1);
        if ((value & (0x2FF | beyond)) != 0)
            return false;
        bool enable = (value & Enable) != 0, x2 = (value & X2Enable) != 0;
        bool leavesX2 = IsX2Apic && enable && !x2;
        bool skipsXApic = !IsEnabled && x2;
        if ((x2 && !enable) || leavesX2 || skipsXApic || (legacyDisabled && !x2))
            return false;
        if (!enable)
            SoftwareReset();
        BaseMsr = (value & ~Bsp) | (BaseMsr & Bsp);
        bus.MapWindow(value & ~0xFFFUL);
        return true;
    }

    internal bool IsXApicAt(ulong address) => IsEnabled && !IsX2Apic && (BaseMsr & ~0xFFFUL) == address;

    internal bool MatchesLogical(uint destination)
    {
        if (IsX2Apic)
            return destination >> 16 == Id >> 4 && ((destination >> (int)(Id & 15)) & 1) != 0;
        uint own = logicalDestination >> 24, asked = destination & 0xFF;
        return destinationFormat >> 28 == 0xF
            ? (own & asked) != 0
            : own >> 4 == asked >> 4 && (own & asked & 0xF) != 0;
    }

    internal void EndOfInterrupt()
    {
        int vector = isr.Highest;
        if (vector >= 0)
            isr.Clear(vector);
        core.Lp->Leave = 1; // a lower-priority request may now be deliverable
    }

    private void SoftwareReset()
    {
        irr.Clear();
        isr.Clear();
        tmr.Clear();
        (spurious, errors, pendingErrors, logicalDestination) = (0xFF, 0, 0, 0);
        TaskPriority = 0;
        ResetTimer();
    }
}
