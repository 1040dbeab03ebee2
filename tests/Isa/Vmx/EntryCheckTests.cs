using System.Reflection;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using static Seamsim.Isa.Vmx.VmcsField;

namespace Seamsim.Tests.Isa.Vmx;

public sealed class EntryCheckTests
{
    private static readonly List<(string Id, Action<VmxRig> Break)> Rows = [.. EntryCheckRows.All];

    [Test]
    public void The_good_vmcs_passes_every_check()
    {
        using VmxRig rig = new();
        Assert.That(EntryChecks.FirstViolation(rig.Core, rig.V, guestState: false)?.Rule.Id, Is.Null);
        Assert.That(EntryChecks.FirstViolation(rig.Core, rig.V, guestState: true)?.Rule.Id, Is.Null);
    }

    [Test]
    public void Every_defined_bit_of_IA32_DEBUGCTL_may_be_loaded_the_uncore_PMI_enable_too()
    {
        using VmxRig rig = new();
        rig.V.Store(GuestDebugctl, 0xFFC7);
        Assert.That(EntryChecks.FirstViolation(rig.Core, rig.V, guestState: true)?.Rule.Id, Is.Null);
    }

    [Test]
    public void Each_row_breaks_exactly_the_check_it_names()
    {
        foreach ((string id, Action<VmxRig> breakIt) in Rows)
        {
            using VmxRig rig = new();
            breakIt(rig);
            EntryCheckRow? found = EntryChecks.FirstViolation(rig.Core, rig.V, guestState: false)
                ?? EntryChecks.FirstViolation(rig.Core, rig.V, guestState: true);
            Assert.That(found?.Rule.Id, Is.EqualTo(id));
        }
    }

    [Test]
    public void Every_check_has_a_row_that_breaks_it()
    {
        IEnumerable<string> ids = EntryChecks.BeforeEntry.Concat(EntryChecks.GuestState).Select(r => r.Rule.Id);
        Assert.That(ids.Except(Rows.Select(r => r.Id)), Is.Empty);
    }

    [Test]
    public void Every_method_marked_as_a_check_is_in_the_table()
    {
        IEnumerable<string> marked = typeof(EntryChecks).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Select(m => m.GetCustomAttribute<EntryCheckAttribute>()?.Id).OfType<string>();
        Assert.That(
            marked, Is.EquivalentTo(EntryChecks.BeforeEntry.Concat(EntryChecks.GuestState).Select(r => r.Rule.Id)));
    }

    [Test]
    public void A_bad_control_or_host_field_fails_the_instruction_and_leaves_root_operation_alone()
    {
        foreach ((string id, Action<VmxRig> breakIt) in Rows)
        {
            EntryCheckRow row = EntryChecks.BeforeEntry.FirstOrDefault(r => r.Rule.Id == id)!;
            if (row is null)
                continue;
            using VmxRig rig = new();
            breakIt(rig);
            Assert.That(rig.Core.EnterGuest(launch: true, out Outcome _), Is.EqualTo(VmxResult.FailValid), id);
            Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)row.Rule.Error), id);
            Assert.That((rig.Core.InNonRoot, rig.V.Launched), Is.EqualTo((false, false)), id);
        }
    }

    [Test]
    public void Bad_guest_state_is_exit_33_with_the_entry_failure_bit_and_keeps_the_guest_area()
    {
        foreach ((string id, Action<VmxRig> breakIt) in Rows)
        {
            EntryCheckRow row = EntryChecks.GuestState.FirstOrDefault(r => r.Rule.Id == id)!;
            if (row is null)
                continue;
            using VmxRig rig = new();
            breakIt(rig);
            ulong rip = rig.V[GuestRip];
            Assert.That(rig.Core.EnterGuest(launch: true, out Outcome outcome), Is.EqualTo(VmxResult.Succeed), id);
            Assert.That(outcome, Is.EqualTo(Outcome.Jumped), id);
            Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo(0x8000_0021), id);
            Assert.That(rig.V[ExitQualification], Is.EqualTo((ulong)row.Rule.Qualification), id);
            Assert.That((rig.V[GuestRip], rig.V.Launched), Is.EqualTo((rip, false)), id);
            unsafe
            {
                Assert.That(rig.Core.Lp->Rip, Is.EqualTo(VmxRig.HostRip), id);
            }
        }
    }

    [Test]
    public void Controls_beat_host_state_and_host_state_beats_guest_state()
    {
        using VmxRig rig = new();
        rig.V.Store(GuestRip, 1UL << 60);
        rig.V.Store(HostRip, 1UL << 60);
        Assert.That(EntryChecks.FirstViolation(rig.Core, rig.V, guestState: false)!.Rule.Id, Is.EqualTo("host.rip"));
        rig.V.Store(Vpid, 0);
        Assert.That(EntryChecks.FirstViolation(rig.Core, rig.V, guestState: false)!.Rule.Id,
            Is.EqualTo("control.vpid"));
    }
}
