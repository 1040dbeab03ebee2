using System.Numerics;
using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>SMM's memory must be closed and apart from convertible memory. TDX module 1.5.01, SMRR checks.</summary>
internal static class SmrrCheck
{
    private const uint MtrrCap = 0xFE, SmrrBase = 0x1F2, Smrr2Base = 0x1F6;
    private const ulong HasSmrr = 1 << 11, HasLock = 1 << 14, Locked = 1 << 10, Valid = 1 << 11;

    public static TdxStatus Check(LeafCall c, Cmr[] cmrs)
    {
        ulong capabilities = Sample(c, MtrrCap);
        if ((capabilities & HasSmrr) == 0) return TdxStatus.SmrrNotSupported;
        if ((capabilities & HasLock) == 0) return TdxStatus.SmrrLockNotSupported;

        bool hasSmrr2 = c.P.Read<byte>(c.Data.SysInfo + SysInfoTable.Smrr2NotSupported) == 0;
        ReadOnlySpan<uint> registers = hasSmrr2 ? [SmrrBase, Smrr2Base] : [SmrrBase];
        for (int i = 0; i < registers.Length; i++)
            if ((Sample(c, registers[i] + 1) & Locked) == 0)
                return TdxStatus.SmrrNotLocked.With((uint)i);
        for (int i = 0; i < registers.Length; i++)
            if (CheckRange(Sample(c, registers[i]), Sample(c, registers[i] + 1), i, cmrs) is { IsError: true } bad)
                return bad;
        return TdxStatus.Success;
    }

    private static TdxStatus CheckRange(ulong baseRegister, ulong maskRegister, int index, Cmr[] cmrs)
    {
        if ((maskRegister & Valid) == 0)
            return TdxStatus.Success;
        uint mask = (uint)maskRegister & 0xFFFF_F000, start = (uint)baseRegister & 0xFFFF_F000;
        uint size = ~mask + 1;
        if (mask == 0 || !BitOperations.IsPow2(size) || (start & ~mask) != 0)
            return TdxStatus.InvalidSmrrConfiguration.With((uint)index);
        for (int i = 0; i < cmrs.Length; i++)
            if (start < cmrs[i].End && cmrs[i].Base < (ulong)start + size)
                return TdxStatus.SmrrOverlapsCmr.With((uint)(index | i << 8));
        return TdxStatus.Success;
    }

    private static ulong Sample(LeafCall c, uint msr) => c.Data.MsrSample(c.Tables.SampledMsrs.SlotOf(msr));
}
