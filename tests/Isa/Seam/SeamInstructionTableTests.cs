using System.Globalization;
using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Seam;

/// <summary>Walks every cell of instruction × operation mode × CPL × mode.</summary>
public sealed unsafe class SeamInstructionTableTests
{
    private static readonly Dictionary<string, byte[]> Codes = new()
    {
        ["SEAMCALL"] = [0x66, 0x0F, 0x01, 0xCF], ["SEAMRET"] = [0x66, 0x0F, 0x01, 0xCD],
        ["TDCALL"] = [0x66, 0x0F, 0x01, 0xCC], ["SEAMOPS"] = [0x66, 0x0F, 0x01, 0xCE],
    };

    private static readonly Dictionary<string, OperationMode> Modes = new()
    {
        ["outside-vmx"] = OperationMode.OutsideVmx, ["legacy-root"] = OperationMode.LegacyRoot,
        ["legacy-non-root"] = OperationMode.LegacyNonRoot, ["seam-root"] = OperationMode.SeamRoot,
        ["seam-non-root"] = OperationMode.SeamNonRoot,
    };

    [Test]
    public void Every_cell_ends_as_the_table_says()
    {
        foreach ((int line, string[] cell) in Cells())
        {
            using SeamRig rig = new(Modes[cell[1]]);
            Arrange(rig.Core, int.Parse(cell[2], CultureInfo.InvariantCulture), cell[3], rig);
            ulong transfer = rig.Range.TransferVmcs(0, seamldr: false);
            Outcome outcome = rig.Rig.Execute(Codes[cell[0]]);
            Assert.That(Describe(rig, outcome, transfer),
                Is.EqualTo(cell[4]), $"seam-instructions.csv line {line}: {string.Join(' ', cell[..4])}");
        }
    }

    [Test]
    public void The_table_has_every_cell_once_and_each_names_its_source()
    {
        List<string[]> cells = [.. Cells().Select(c => c.Cell)];
        Assert.That(cells.Select(c => string.Join(',', c[..4])), Is.Unique);
        Assert.That(cells, Has.Count.EqualTo(Codes.Count * Modes.Count * 2 * 3));
        Assert.That(cells.All(c => c.Length == 6 && c[5].Length > 0), Is.True);
    }

    private static void Arrange(Core core, int cpl, string mode, SeamRig rig)
    {
        rig.Rig.SetCpl(cpl);
        if (mode == "64-bit")
            return;
        core.Lp->Cs.AccessRights = (core.Lp->Cs.AccessRights & ~SegmentBit.Long) | SegmentBit.Big;
        if (mode == "32-bit")
            core.Lp->Efer &= ~(EferBit.Lma | EferBit.Lme);
    }

    private static string Describe(SeamRig rig, Outcome outcome, ulong transfer) => outcome switch
    {
        Outcome.Fault when rig.Core.PendingFault == new PendingFault(Vector.UD, 0, 0) => "#UD",
        Outcome.Fault when rig.Core.PendingFault == new PendingFault(Vector.GP, 0, 0) => "#GP(0)",
        Outcome.Next when rig.Core.InSeamRoot => "executes",
        Outcome.Jumped when rig.Core.InSeamRoot && rig.Core.Vmx.Current == transfer => "enter SEAM",
        Outcome.Jumped when !rig.Core.InSeam && rig.Core.Lp->Rip == 0x1234 => "leave SEAM",
        Outcome.Jumped => $"exit {rig.Core.CurrentVmcs[VmcsField.ExitReason]}",
        _ => outcome.ToString(),
    };

    private static IEnumerable<(int Line, string[] Cell)> Cells()
    {
        using Stream stream = typeof(Core).Assembly.GetManifestResourceStream("seam-instructions.csv")!;
        using StreamReader reader = new(stream);
        reader.ReadLine();
        for (int line = 2; reader.ReadLine() is { } text; line++)
            yield return (line, text.Split(','));
    }
}
