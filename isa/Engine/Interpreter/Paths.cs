using System.Runtime.CompilerServices;
using Seamsim.Isa.Paging;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>How a handler reaches linear memory: first the question whether it can, then the access.</summary>
internal unsafe interface IPath
{
    /// <summary>Accesses are translated out of line and may fault; the chain may have to end after the op.</summary>
    static abstract bool IsCareful { get; }

    static abstract bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged;

    static abstract T Read<T>(LogicalProcessor* lp, ulong address) where T : unmanaged;

    static abstract void Write<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged;
}

/// <summary>
/// The software TLB, inline. A miss is anything unusual; the handler then jumps to the careful version of its op.
/// The tag is compared with the page of the last byte, so that an access across pages misses by itself.
/// </summary>
internal readonly unsafe struct FastPath<TProbe> : IPath
    where TProbe : struct, IProbe
{
    public static bool IsCareful => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        ((address + (ulong)(sizeof(T) - 1)) & ~0xFFFUL) != Tlb.Slot(lp, address)->ReadTag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        ((address + (ulong)(sizeof(T) - 1)) & ~0xFFFUL) != Tlb.Slot(lp, address)->WriteTag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        CannotWrite<T>(lp, op, address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(LogicalProcessor* lp, ulong address) where T : unmanaged
    {
        T value = *(T*)(address + Tlb.Slot(lp, address)->Addend);
        TProbe.Read(lp, address, value);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        TProbe.Written(lp, address, value);
        *(T*)(address + Tlb.Slot(lp, address)->Addend) = value;
    }
}

/// <summary>
/// Every access is checked, translated and made out of line; the question makes the access of a read, and prepares
/// that of a write so that it cannot fail. A true answer means that a fault is recorded. The out-of-line accesses tell
/// the probe stream themselves.
/// </summary>
internal readonly unsafe struct CarefulPath : IPath
{
    public static bool IsCareful => true;

    public static bool CannotRead<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        !Core.Of(lp).CarefulRead(address, sizeof(T), op->Segment);

    public static bool CannotWrite<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        !Core.Of(lp).CarefulPrepareWrite(address, sizeof(T), op->Segment);

    public static bool CannotUpdate<T>(LogicalProcessor* lp, Op* op, ulong address) where T : unmanaged =>
        CannotWrite<T>(lp, op, address) || !Core.Of(lp).CarefulRead(address, sizeof(T), op->Segment);

    public static T Read<T>(LogicalProcessor* lp, ulong address) where T : unmanaged =>
        sizeof(T) > 8 ? *(T*)&lp->SlowVector : Width.Truncate<T>(lp->Slow);

    public static void Write<T>(LogicalProcessor* lp, ulong address, T value) where T : unmanaged
    {
        if (sizeof(T) <= 8)
        {
            Core.Of(lp).CarefulWrite(address, sizeof(T), Width.ZeroExtend(value));
            return;
        }
        *(T*)&lp->SlowVector = value;
        Core.Of(lp).CarefulWriteVector(address, sizeof(T));
    }
}
