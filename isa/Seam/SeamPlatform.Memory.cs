using System.Runtime.CompilerServices;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Seam;

// Memory through KeyIDs. Poison latches the machine check that ends the entry.
internal sealed partial class SeamPlatform
{
    private const int LinesPerPage = 64;

    /// <inheritdoc/>
    public T Read<T>(Hpa address) where T : unmanaged
    {
        core.ChargeOperation(Operation.MemoryRead, address.Value);
        Reach(address, Unsafe.SizeOf<T>(), write: false);
        return Load<T>(address);
    }

    /// <inheritdoc/>
    public void Write<T>(Hpa address, T value) where T : unmanaged
    {
        core.ChargeOperation(Operation.MemoryWrite, address.Value);
        Reach(address, Unsafe.SizeOf<T>(), write: true);
        core.Memory.Write(address, value, inSeam: true);
    }

    /// <inheritdoc/>
    public void ReadBytes(Hpa address, Span<byte> destination)
    {
        Charge(Operation.MemoryRead, (destination.Length + 63) / 64, address.Value);
        Reach(address, destination.Length, write: false);
        Note(core.Memory.Read(address, destination, inSeam: true));
    }

    /// <inheritdoc/>
    public void WriteBytes(Hpa address, ReadOnlySpan<byte> source)
    {
        Charge(Operation.MemoryWrite, (source.Length + 63) / 64, address.Value);
        Reach(address, source.Length, write: true);
        core.Memory.Write(address, source, inSeam: true);
    }

    /// <inheritdoc/>
    public T CompareExchange<T>(Hpa address, T expected, T value)
        where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        core.ChargeOperation(Operation.LockedAccess, address.Value);
        Reach(address, 1, write: true);
        T old = Load<T>(address);
        if (old == expected)
            core.Memory.Write(address, value, inSeam: true);
        return old;
    }

    /// <inheritdoc/>
    public T FetchAdd<T>(Hpa address, T addend) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        core.ChargeOperation(Operation.LockedAccess, address.Value);
        Reach(address, 1, write: true);
        T old = Load<T>(address);
        core.Memory.Write(address, unchecked(old + addend), inSeam: true);
        return old;
    }

    /// <inheritdoc/>
    public bool BitTestAndSet(Hpa address, int bit) => ChangeBit(address, bit, set: true);

    /// <inheritdoc/>
    public bool BitTestAndReset(Hpa address, int bit) => ChangeBit(address, bit, set: false);

    /// <inheritdoc/>
    public void FillPage(Hpa page, ulong pattern)
    {
        Charge(Operation.Movdir64b, LinesPerPage, page.Value);
        LeaveCaches(page);
        core.Memory.FillPage(page, pattern, inSeam: true);
    }

    /// <inheritdoc/>
    public void CopyPage(Hpa destination, Hpa source)
    {
        Charge(Operation.Movdir64b, LinesPerPage, destination.Value);
        Reach(source.Page, (int)PageBytes, write: false);
        LeaveCaches(destination);
        Span<byte> page = stackalloc byte[4096];
        Note(core.Memory.Read(source.Page, page, inSeam: true));
        core.Memory.Write(destination.Page, page, inSeam: true, direct: true);
    }

    /// <inheritdoc/>
    public void FlushPage(Hpa page)
    {
        Charge(Operation.Clflushopt, LinesPerPage, page.Value);
        LeaveCaches(page);
        core.Memory.PageWrittenBack(page);
    }

    private bool ChangeBit(Hpa address, int bit, bool set)
    {
        core.ChargeOperation(Operation.LockedAccess, address.Value);
        Reach(address, 1, write: true);
        ulong old = Load<ulong>(address), mask = 1UL << bit;
        core.Memory.Write(address, set ? old | mask : old & ~mask, inSeam: true);
        return (old & mask) != 0;
    }

    private T Load<T>(Hpa address) where T : unmanaged
    {
        T value = core.Memory.Read<T>(address, inSeam: true, out MemoryResult result);
        Note(result);
        return value;
    }

    private void Note(MemoryResult result) => MachineCheck |= result == MemoryResult.Poison;
}
