using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kvm;

/// <summary>The MSRs KVM emulates for a TD's RDMSR and WRMSR hypercalls: Data/tdvmcall-msrs.csv.</summary>
public sealed class TdvmcallMsrs
{
    private static readonly Lazy<IReadOnlyList<Row>> Rows = new(() =>
    [
        .. DataFile.Read(typeof(TdvmcallMsrs).Assembly, "tdvmcall-msrs.csv").Select(row => new Row(
            (uint)row.Number("first"), (uint)row.Number("last"), row.Number("readable") != 0,
            row.Number("writable") != 0, row.Number("initial"))),
    ]);

    private readonly SortedDictionary<uint, ulong> values = [];

    /// <summary>RDMSR; false when the TD may not read it.</summary>
    public bool TryRead(ulong msr, out ulong value)
    {
        value = 0;
        if (Find(msr) is not { Readable: true } row)
            return false;
        value = values.GetValueOrDefault((uint)msr, row.Initial);
        return true;
    }

    /// <summary>WRMSR; false when the TD may not write it.</summary>
    public bool TryWrite(ulong msr, ulong value)
    {
        if (Find(msr) is not { Writable: true })
            return false;
        values[(uint)msr] = value;
        return true;
    }

    private static Row? Find(ulong msr)
    {
        foreach (Row row in Rows.Value)
            if (msr >= row.First && msr <= row.Last)
                return row;
        return null;
    }

    private sealed record Row(uint First, uint Last, bool Readable, bool Writable, ulong Initial);
}
