using System.Runtime.InteropServices;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.State;

/// <summary>
/// One logical processor: its plain-memory state, and the units around it that are too irregular for plain memory
/// (MSRs, VMX, SEAM, local APIC). Parts of this class live beside the unit they belong to.
/// </summary>
public sealed unsafe partial class Core : IDisposable
{
    /// <summary>The architectural state.</summary>
    public LogicalProcessor* Lp { get; private set; }

    /// <summary>Position in the platform, 0-based.</summary>
    public int Index { get; }

    /// <summary>Package the logical processor belongs to, 0-based.</summary>
    public int Package { get; }

    /// <summary>Physical memory of the platform.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Cost model in force.</summary>
    public ICostModel Costs { get; }

    internal Core(int index, int package, PhysicalMemory memory, ICostModel costs)
    {
        Index = index;
        Package = package;
        Memory = memory;
        Costs = costs;
        Lp = (LogicalProcessor*)NativeMemory.AlignedAlloc((nuint)sizeof(LogicalProcessor), 64);
        NativeMemory.Clear(Lp, (nuint)sizeof(LogicalProcessor));
        Lp->Core = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        Lp->CanonicalShift = 31;
        (Lp->Fcw, Lp->Mxcsr) = (ExtendedState.InitialFcw, ExtendedState.InitialMxcsr);
        PlugInEngine();
    }

    /// <summary>The exception an instruction raised and nobody has delivered yet.</summary>
    public PendingFault PendingFault { get; internal set; }

    /// <summary>The managed core behind a state pointer.</summary>
    public static Core Of(LogicalProcessor* lp) => (Core)GCHandle.FromIntPtr(lp->Core).Target!;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Lp is null)
            return;
        UnplugEngine();
        Timing?.Dispose();
        GCHandle.FromIntPtr(Lp->Core).Free();
        NativeMemory.AlignedFree(Lp);
        Lp = null;
    }
}

/// <summary>An exception on its way to the IDT (or to a VM exit).</summary>
/// <param name="Vector">The vector.</param>
/// <param name="ErrorCode">The error code, for vectors that push one.</param>
/// <param name="Address">Faulting linear address (CR2) for #PF.</param>
public readonly record struct PendingFault(Vector Vector, uint ErrorCode, ulong Address);
