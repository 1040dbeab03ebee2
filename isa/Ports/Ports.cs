using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>How many cycles things take. Asked when a block is built and for every named dynamic cost (D9).</summary>
public interface ICostModel
{
    /// <summary>Name and parameter set, e.g. <c>functional</c>; every quoted cycle figure carries it.</summary>
    string Name { get; }

    /// <summary>Cycles a basic block costs without dynamic events.</summary>
    /// <param name="code">The block's instruction bytes.</param>
    /// <param name="rip">Linear address of the first byte.</param>
    /// <param name="bits">Code size: 16, 32 or 64.</param>
    /// <param name="instructions">Number of instructions in the block.</param>
    /// <returns>Core cycles, at least one.</returns>
    uint BlockCycles(ReadOnlySpan<byte> code, ulong rip, int bits, int instructions);

    /// <summary>Cycles of one named operation: a transition, a VMCS access, an operation of managed code.</summary>
    uint OperationCycles(Operation operation);

    /// <summary>
    /// The same where managed SEAM code performs it: with the straight-line instructions around it, which no block
    /// stands for.
    /// </summary>
    uint ManagedCycles(Operation operation) => OperationCycles(operation);
}

/// <summary>
/// Observes the data accesses and branches of the handlers; a struct, so that the empty one compiles to nothing (D9).
/// Blocks and registers are observed by ops of their own, everything else by <see cref="Probes.Observer"/> and
/// <see cref="CoreTiming"/>.
/// </summary>
public interface IProbe
{
    /// <summary>Whether it belongs to a <see cref="CoreTiming"/>, which puts blocks on the clock itself.</summary>
    static abstract bool IsClock { get; }

    /// <summary>Memory was read at linear address <paramref name="address"/>.</summary>
    static abstract unsafe void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged;

    /// <summary>Memory is written at linear address <paramref name="address"/>.</summary>
    static abstract unsafe void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged;

    /// <summary>A near branch was executed.</summary>
    /// <param name="lp">The logical processor.</param>
    /// <param name="kind">What kind of branch.</param>
    /// <param name="taken">Whether it was taken.</param>
    /// <param name="next">Linear offset of the instruction behind it; names the branch.</param>
    /// <param name="target">Where an indirect branch or a return goes; nobody asks it of another.</param>
    static abstract unsafe void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target);
}

/// <summary>The probe that sees nothing and costs nothing.</summary>
public readonly struct NoProbe : IProbe
{
    /// <inheritdoc/>
    public static bool IsClock => false;

    /// <inheritdoc/>
    public static unsafe void Read<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
    }

    /// <inheritdoc/>
    public static unsafe void Written<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
    }

    /// <inheritdoc/>
    public static unsafe void Branched(LogicalProcessor* lp, BranchKind kind, bool taken, ulong next, ulong target)
    {
    }
}

/// <summary>The invariant time-stamp counter shared by all logical processors.</summary>
public interface ITimebase
{
    /// <summary>TSC value for a logical processor whose clock shows <paramref name="cycles"/>; never runs backwards (D8).</summary>
    ulong ReadTsc(Core core, ulong cycles);
}

/// <summary>A device in physical address space.</summary>
public interface IMmioDevice
{
    /// <summary>Reads <paramref name="bytes"/> (1, 2, 4, 8) at <paramref name="offset"/> from the device's base.</summary>
    ulong Read(Core core, ulong offset, int bytes);

    /// <summary>Writes <paramref name="bytes"/> (1, 2, 4, 8) at <paramref name="offset"/> from the device's base.</summary>
    void Write(Core core, ulong offset, int bytes, ulong value);
}

/// <summary>A device in I/O port space.</summary>
public interface IPortDevice
{
    /// <summary>IN: reads <paramref name="bytes"/> (1, 2, 4); ports nobody answers read as all ones.</summary>
    uint Read(Core core, ushort port, int bytes);

    /// <summary>OUT: writes <paramref name="bytes"/> (1, 2, 4).</summary>
    void Write(Core core, ushort port, int bytes, uint value);
}

/// <summary>When the next asynchronous event of a logical processor is due.</summary>
public interface IEventQueue
{
    /// <summary>Clock value (cycles) of the next event of <paramref name="core"/>; <see cref="ulong.MaxValue"/> when none.</summary>
    ulong NextDue(Core core);

    /// <summary>Delivers everything due at or before <paramref name="cycles"/>.</summary>
    void Deliver(Core core, ulong cycles);
}
