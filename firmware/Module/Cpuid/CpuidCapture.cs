using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.INIT reads every CPUID entry, checks it and keeps it. TDX module 1.5.01, CPUID checks; the numbers are rows
/// of Data/…/cpuid.csv.
/// </summary>
internal static class CpuidCapture
{
    private const uint MinBaseLeaf = 0x1F, MinExtendedLeaf = 0x8000_0008, ExtendedBase = 0x8000_0000;
    private const uint MinPerfmonVersion = 5, MaxFixedCounters = 7;
    private const ulong MinTscFrequency = 0x2540C;
    private const int Smt = 1, CoreLevel = 2, LevelTypes = 6;

    public static LeafEnd Run(LeafCall c)
    {
        uint maxBase = c.P.Cpuid(0, 0).Eax, maxExtended = c.P.Cpuid(ExtendedBase, 0).Eax;
        if (maxBase < MinBaseLeaf)         return TdxStatus.CpuidLeafNotSupported.With(MinBaseLeaf);
        if (maxExtended < MinExtendedLeaf) return TdxStatus.CpuidLeafNotSupported.With(MinExtendedLeaf);
        c.Data.NativeMaxExtendedLeaf = maxExtended;

        foreach (CpuidEntry entry in c.Tables.Cpuid.Entries)
        {
            CpuidRegisters value = Cpuid.Native(c.P, entry, maxBase, maxExtended);
            if ((value & entry.VerifyMask) != entry.VerifyValue)
                return Incorrect(c, entry);
            c.Data.SetNativeCpuid(entry.Index, Cpuid.ToResult(value));
            LeafEnd extra = CheckLeaf(c, entry, ref value);
            if (extra != TdxStatus.Success)
                return extra;
            c.Data.SetCpuid(entry.Index, Cpuid.ToResult(value));
        }
        return TdxStatus.Success;
    }

    private static LeafEnd CheckLeaf(LeafCall c, CpuidEntry entry, ref CpuidRegisters value)
    {
        switch (entry.Leaf)
        {
            case 0x1:
                value = value with { Eax = c.Data.PlatformFms };
                return TdxStatus.Success;
            case 0xA:
                bool bad = (value.Eax & 0xFF) < MinPerfmonVersion || (value.Edx & 0x1F) > MaxFixedCounters;
                return bad ? Incorrect(c, entry) : TdxStatus.Success;
            case 0xD:
                return CheckXsave(c, entry, value);
            case 0x15:
                return CheckTsc(c, value);
            case 0x1C:
                return (value.Eax & 0xFF) == 0 ? LeafEnd.Fatal : TdxStatus.Success;
            case 0x1F:
                return CheckTopology(c, entry, value);
            case MinExtendedLeaf:
                bool la57 = (Captured(c, 7, 0).Ecx >> 16 & 1) != 0;
                return (value.Eax >> 8 & 0xFF) != (la57 ? 57u : 48u) ? Incorrect(c, entry) : TdxStatus.Success;
            default:
                return TdxStatus.Success;
        }
    }

    private static LeafEnd CheckXsave(LeafCall c, CpuidEntry entry, CpuidRegisters value)
    {
        if (entry.Subleaf == 1 && (value.Ecx & Captured(c, 0xD, 0).Eax) != 0)
            return LeafEnd.Fatal;
        if (entry.Subleaf >= 2)
            c.Data.SetXsaveComponent((int)entry.Subleaf, XsaveArea.Describe(value.Eax, (value.Ecx >> 1 & 1) != 0));
        return TdxStatus.Success;
    }

    private static LeafEnd CheckTsc(LeafCall c, CpuidRegisters value)
    {
        if (value.Ebx == 0)
            return TdxStatus.CpuidLeafNotSupported.With(0x15u);
        ulong frequency = value.Eax == 0 ? 0 : (ulong)value.Ecx * value.Ebx / value.Eax;
        if (frequency < MinTscFrequency)
            return LeafEnd.Fatal;
        c.Data.NativeTscFrequency = frequency;
        return TdxStatus.Success;
    }

    // Levels ascend and end with an invalid one; the last valid level's shift is the package's, and L3 is per package.
    private static LeafEnd CheckTopology(LeafCall c, CpuidEntry entry, CpuidRegisters value)
    {
        uint subleaf = entry.Subleaf;
        int type = (int)(value.Ecx >> 8 & 0xFF);
        int previous = subleaf == 0 ? 0 : (int)(Captured(c, 0x1F, subleaf - 1).Ecx >> 8 & 0xFF);
        bool ended = subleaf != 0 && previous == 0;
        if (type != 0)
            return ended || type <= previous || type >= LevelTypes || subleaf == 0 && type != Smt
                ? TdxStatus.CpuidLeaf1fFormatUnrecognized
                : TdxStatus.Success;
        if (ended)
            return TdxStatus.Success;
        if (subleaf == 0 || !HasCoreLevel(c, subleaf))
            return TdxStatus.CpuidLeafNotSupported;

        int shift = (int)(Captured(c, 0x1F, subleaf - 1).Eax & 0x1F);
        c.Data.PackageShift = shift;
        uint sharing = Captured(c, 4, 3).Eax >> 14 & 0xFFF;
        return shift == 0 || sharing >> shift - 1 != 1 ? TdxStatus.InvalidWbinvdScope : TdxStatus.Success;
    }

    private static bool HasCoreLevel(LeafCall c, uint levels)
    {
        for (uint i = 0; i < levels; i++)
            if ((Captured(c, 0x1F, i).Ecx >> 8 & 0xFF) == CoreLevel)
                return true;
        return false;
    }

    private static CpuidRegisters Captured(LeafCall c, uint leaf, uint subleaf) =>
        Cpuid.ToRegisters(c.Data.NativeCpuid(c.Tables.Cpuid.Find(leaf, subleaf)!.Index));

    private static LeafEnd Incorrect(LeafCall c, CpuidEntry entry)
    {
        c.Rcx = entry.Id;
        (c.Rdx, c.R8) = (entry.VerifyMask.Low, entry.VerifyMask.High);
        (c.R9, c.R10) = (entry.VerifyValue.Low, entry.VerifyValue.High);
        return TdxStatus.IncorrectCpuidValue;
    }
}
