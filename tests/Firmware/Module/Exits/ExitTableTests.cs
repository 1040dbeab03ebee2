using Seamsim.Firmware.Module;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware.Module.Exits;

[Category("Conformance")]
public class ExitTableTests
{
    [Test]
    public void Every_exit_reason_has_one_row()
    {
        ushort[] reasons = [.. Enum.GetValues<ExitReason>().Select(reason => (ushort)reason)];
        Assert.That(Rules.Default.Exits.Rows.Select(row => (ushort)row.Reason), Is.EqualTo(reasons));
    }

    [TestCase(ExitReason.ExternalInterrupt, "TdExit")]
    [TestCase(ExitReason.TripleFault, "NonRecoverableVcpu")]
    [TestCase(ExitReason.Hlt, "Ve")]
    [TestCase(ExitReason.IoInstruction, "Ve")]
    [TestCase(ExitReason.Vmcall, "Ve")]
    [TestCase(ExitReason.Pconfig, "Ve")]
    [TestCase(ExitReason.Vmxoff, "Ud")]
    [TestCase(ExitReason.Seamcall, "Ud")]
    [TestCase(ExitReason.Enclv, "Ud")]
    [TestCase(ExitReason.Rdpmc, "Gp")]
    [TestCase(ExitReason.EnqcmdPasidTranslation, "Gp")]
    [TestCase(ExitReason.EnqcmdsPasidTranslation, "Ud")]
    [TestCase(ExitReason.Rdtsc, "DebugOnly")]
    [TestCase(ExitReason.EntryFailureMsrLoading, "Fatal")]
    [TestCase(ExitReason.EntryFailureMachineCheck, "NonAccessible")]
    public void The_action_is_the_one_the_base_specification_names(ExitReason reason, string action) =>
        Assert.That(Rules.Default.Exits.ActionOf((uint)reason).ToString(), Is.EqualTo(action));

    [Test]
    public void A_reason_nobody_knows_ends_production_TDs() =>
        Assert.That(Rules.Default.Exits.ActionOf(200), Is.EqualTo(ExitAction.DebugOnly));
}
