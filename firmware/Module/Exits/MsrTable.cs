using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>When an access to an MSR exits: the value of its bit in the MSR bitmaps.</summary>
internal enum MsrExitRule : byte
{
#pragma warning disable CS1591 // the names say it
    Native, Exit, UnlessPerfmon, UnlessPerfMetrics, UnlessPerfmonAndPt, UnlessWaitPkg, UnlessTsx, UnlessXfd, UnlessPt,
    UnlessCet, UnlessLbr, UnlessUintr, UnlessPks,
#pragma warning restore CS1591
}

/// <summary>What the module does with an access that exited.</summary>
internal enum MsrAction : byte
{
#pragma warning disable CS1591 // the names say it
    Fatal, Gp, Ve, GpUnlessMktme, GpUnlessDca, GpUnlessTme, GpUnlessTscDeadline,
    XapicDisableStatus, ArchCapabilities, MiscEnable, DebugCtl, PerfCapabilities, Xss, Efer, VirtualVmx,
#pragma warning restore CS1591
}

/// <summary>One row of the MSR virtualization table: a range of MSRs with one rule per direction.</summary>
internal readonly record struct MsrRow(
    uint First, uint Last, string Name,
    MsrExitRule ReadRule, MsrAction ReadAction, MsrExitRule WriteRule, MsrAction WriteAction);

/// <summary>
/// MSR virtualization. Intel TDX Module 1.5 Base, "MSR Handling"; the rows are Data/…/msr-virtualization.csv.
/// </summary>
internal sealed class MsrTable
{
    private const uint LowLast = 0x1FFF, HighFirst = 0xC0000000, HighLast = 0xC0001FFF;
    private const int HighOffset = 1024, WriteOffset = 2048, PageBytes = 4096;

    private readonly MsrRow[] rows;

    /// <summary>Reads the table of a version.</summary>
    public MsrTable(ModuleVersion version) => rows =
    [
        .. DataFile.Read($"{version}/msr-virtualization.csv").Select(row => new MsrRow(
            (uint)row.Number("first"), (uint)row.Number("last"), row["name"],
            Enum.Parse<MsrExitRule>(row["read_rule"]), Enum.Parse<MsrAction>(row["read_action"]),
            Enum.Parse<MsrExitRule>(row["write_rule"]), Enum.Parse<MsrAction>(row["write_action"]))),
    ];

    /// <summary>All rows, ascending.</summary>
    public IReadOnlyList<MsrRow> Rows => rows;

    /// <summary>The row an MSR belongs to, or null: an MSR outside the table exits and becomes #VE.</summary>
    public MsrRow? Find(uint msr)
    {
        foreach (MsrRow row in rows)
        {
            if (msr >= row.First && msr <= row.Last)
                return row;
        }
        return null;
    }

    /// <summary>Whether an access exits under a rule.</summary>
    public static bool Exits(MsrExitRule rule, TdFeatures features) => rule switch
    {
        MsrExitRule.Native => false,
        MsrExitRule.Exit => true,
        MsrExitRule.UnlessPerfmon => Lacks(features, TdFeatures.Perfmon),
        MsrExitRule.UnlessPerfMetrics => Lacks(features, TdFeatures.Perfmon | TdFeatures.PerfMetrics),
        MsrExitRule.UnlessPerfmonAndPt => Lacks(features, TdFeatures.Perfmon | TdFeatures.Pt),
        MsrExitRule.UnlessWaitPkg => Lacks(features, TdFeatures.WaitPkg),
        MsrExitRule.UnlessTsx => Lacks(features, TdFeatures.Tsx),
        MsrExitRule.UnlessXfd => Lacks(features, TdFeatures.Xfd),
        MsrExitRule.UnlessPt => Lacks(features, TdFeatures.Pt),
        MsrExitRule.UnlessCet => Lacks(features, TdFeatures.Cet),
        MsrExitRule.UnlessLbr => Lacks(features, TdFeatures.Lbr),
        MsrExitRule.UnlessUintr => Lacks(features, TdFeatures.Uintr),
        _ => Lacks(features, TdFeatures.Pks),
    };

    /// <summary>Builds the 4-KiB MSR bitmap page of a TD: read low, read high, write low, write high.</summary>
    public void WriteBitmap(TdFeatures features, Span<byte> page)
    {
        page[..PageBytes].Fill(0xFF);
        foreach (MsrRow row in rows)
        {
            for (uint msr = row.First; msr <= row.Last; msr++)
            {
                if (!Exits(row.ReadRule, features))
                    Clear(page, msr, 0);
                if (!Exits(row.WriteRule, features))
                    Clear(page, msr, WriteOffset);
            }
        }
    }

    /// <summary>Lets a TD read and write some MSRs without an exit.</summary>
    public static void MakeNative(uint first, uint last, Span<byte> page)
    {
        for (uint msr = first; msr <= last; msr++)
        {
            Clear(page, msr, 0);
            Clear(page, msr, WriteOffset);
        }
    }

    private static bool Lacks(TdFeatures features, TdFeatures wanted) => (features & wanted) != wanted;

    private static void Clear(Span<byte> page, uint msr, int offset)
    {
        uint bit = msr;
        if (msr is >= HighFirst and <= HighLast)
        {
            bit = msr - HighFirst;
            offset += HighOffset;
        }
        else if (msr > LowLast)
        {
            return;
        }
        page[offset + (int)(bit >> 3)] &= (byte)~(1 << (int)(bit & 7));
    }
}
