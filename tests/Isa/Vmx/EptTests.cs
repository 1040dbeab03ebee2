using Seamsim.Isa;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Paging;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Vmx;

public sealed class EptTests
{
    private const ulong Rwx = 7, Leaf4K = Rwx | 6 << 3, SuppressVe = 1UL << 63, Large = 1 << 7;
    private const ulong Gpa = 0x12_3456_7000, Page = 0x30_0000;
    private const ushort Hkid = 40;

    [TestCase(4)]
    [TestCase(5)]
    public void A_page_is_found_through_all_levels(int levels)
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.Eptp, VmxRig.Pml4 | (ulong)(levels - 1) << 3 | 6);
        ulong gpa = levels == 5 ? 1UL << 50 | Gpa : Gpa;
        Map(rig, VmxRig.Pml4, levels, gpa, Page | Leaf4K);
        rig.Enter();
        EptResult result = rig.Core.TranslateGpa(gpa | 0x123, EptAccess.Write, 0);
        Assert.That(result, Is.EqualTo(new EptResult(EptStatus.Ok, new Hpa(Page | 0x123), 12, EptRights.All, true)));
    }

    [Test]
    public void Large_pages_translate_their_offset()
    {
        using VmxRig rig = new();
        Map(rig, VmxRig.Pml4, 4, Gpa, 0x4000_0000 | Leaf4K | Large, lowest: 3);
        rig.Enter();
        EptResult result = rig.Core.TranslateGpa(Gpa, EptAccess.Read, 0);
        Assert.That((result.Address.Value, result.PageShift), Is.EqualTo((0x4000_0000 | Gpa & 0x3FFF_FFFF, 30)));
    }

    [Test]
    public void Without_ept_an_address_is_itself()
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.ProcBasedControls2, ProcControls2.EnableVpid);
        rig.Enter();
        Assert.That(rig.Core.TranslateGpa(0x5000, EptAccess.Fetch, 0).Address.Value, Is.EqualTo(0x5000));
    }

    [Test]
    public void Violations_report_access_rights_and_what_was_translated()
    {
        // entry bits | access | qualification
        (string Row, ulong Entry, EptAccess Access, ulong Qualification)[] rows =
        [
            ("absent, read",            SuppressVe,            EptAccess.Read,                       0x181),
            ("absent, write",           SuppressVe,            EptAccess.Write,                      0x182),
            ("absent, fetch",           SuppressVe,            EptAccess.Fetch,                      0x184),
            ("absent, page walk",       SuppressVe,            EptAccess.Read | EptAccess.PageWalk,  0x081),
            ("absent, no linear",       SuppressVe,            EptAccess.Read | EptAccess.NoLinear,  0x001),
            ("read-only, write",        Page | 1 | 6 << 3,     EptAccess.Write,                      0x18A),
            ("no execute, fetch",       Page | 3 | 6 << 3,     EptAccess.Fetch,                      0x19C),
            ("execute-only, read",      Page | 4 | 6 << 3,     EptAccess.Read,                       0x1A1),
        ];
        foreach ((string row, ulong entry, EptAccess access, ulong qualification) in rows)
        {
            using VmxRig rig = new();
            Map(rig, VmxRig.Pml4, 4, Gpa, entry);
            rig.Enter();
            Assert.That(rig.Core.TranslateGpa(Gpa | 8, access, 0xBEEF008).Status, Is.EqualTo(EptStatus.Fault), row);
            Assert.That(rig.Core.InterceptsFault(EventType.HardwareException, 0, out Outcome outcome), Is.True, row);
            Assert.That(outcome, Is.EqualTo(Outcome.Jumped), row);
            Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.EptViolation), row);
            Assert.That(rig.V[VmcsField.ExitQualification], Is.EqualTo(qualification), row);
            Assert.That((rig.V[VmcsField.GuestPhysicalAddress], rig.V[VmcsField.GuestLinearAddress]),
                Is.EqualTo((Gpa | 8, 0xBEEF008UL)), row);
        }
    }

    [Test]
    public void Malformed_entries_are_misconfigurations()
    {
        (string Row, ulong Entry, int Level)[] rows =
        [
            ("write-only",             Page | 2 | 6 << 3,                    1),
            ("write and execute",      Page | 6 | 6 << 3,                    1),
            ("memory type 2",          Page | Rwx | 2 << 3,                  1),
            ("memory type 7",          Page | Rwx | 7 << 3,                  1),
            ("private key",            Page | Leaf4K | 32UL << 46,           1),
            ("2M page not aligned",    Page | 0x1000 | Leaf4K | Large,       2),
            ("reserved bit 3 in PDE",  Page | Rwx | 1 << 3,                  2),
            ("bit 7 in PML4E",         Page | Rwx | Large,                   4),
        ];
        foreach ((string row, ulong entry, int level) in rows)
        {
            using VmxRig rig = new();
            Map(rig, VmxRig.Pml4, 4, Gpa, entry, level);
            rig.Enter();
            Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Read, 0).Status, Is.EqualTo(EptStatus.Fault), row);
            rig.Core.InterceptsFault(EventType.HardwareException, 0, out _);
            Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.EptMisconfiguration), row);
            Assert.That(rig.V[VmcsField.GuestPhysicalAddress], Is.EqualTo(Gpa), row);
        }
    }

    [Test]
    public void Mode_based_execute_control_separates_user_and_supervisor_pages()
    {
        using VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.ModeBasedExecuteControl;
        Map(rig, VmxRig.Pml4, 4, Gpa, Page | 3 | 6 << 3 | EptEntry.UserExecute);
        rig.Enter();
        Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Fetch | EptAccess.UserPage, 0).Status,
            Is.EqualTo(EptStatus.Ok));
        Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Fetch, 0).Status, Is.EqualTo(EptStatus.Fault));
        rig.Core.InterceptsFault(EventType.HardwareException, 0, out _);
        Assert.That(v[VmcsField.ExitQualification], Is.EqualTo(0x1DC));
    }

    [Test]
    public void Accessed_and_dirty_flags_are_set_when_the_eptp_asks_for_them()
    {
        using VmxRig rig = new();
        rig.V.Store(VmcsField.Eptp, rig.V[VmcsField.Eptp] | 1 << 6);
        ulong leaf = Map(rig, VmxRig.Pml4, 4, Gpa, Page | Leaf4K);
        rig.Enter();
        Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Read, 0).Dirty, Is.False);
        Assert.That(rig.Read64(leaf), Is.EqualTo(Page | Leaf4K | EptEntry.Accessed));
        Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Write, 0).Dirty, Is.True);
        Assert.That(rig.Read64(leaf), Is.EqualTo(Page | Leaf4K | EptEntry.Accessed | EptEntry.Dirty));
    }

    [Test]
    public void A_convertible_violation_becomes_a_virtualization_exception_once()
    {
        using VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.EptViolationVe;
        v[VmcsField.EptpIndex] = 3;
        Map(rig, VmxRig.Pml4, 4, Gpa, 0);
        rig.Enter();
        rig.Core.TranslateGpa(Gpa, EptAccess.Write, 0xABC);
        Assert.That(rig.Core.InterceptsFault(EventType.HardwareException, 0, out _), Is.False);
        Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.VE));
        Assert.That(rig.Read64(VmxRig.VeArea), Is.EqualTo(0xFFFF_FFFF_0000_0030));
        Assert.That((rig.Read64(VmxRig.VeArea + 8), rig.Read64(VmxRig.VeArea + 16), rig.Read64(VmxRig.VeArea + 24)),
            Is.EqualTo((0x182UL, 0xABCUL, Gpa)));
        Assert.That(rig.Read64(VmxRig.VeArea + 32) & 0xFFFF, Is.EqualTo(3));

        rig.Core.TranslateGpa(Gpa, EptAccess.Write, 0xABC);
        Assert.That(rig.Core.InterceptsFault(EventType.HardwareException, 0, out _), Is.True, "the area is in use");
        Assert.That(v[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.EptViolation));
    }

    [Test]
    public void A_suppressed_or_nested_violation_is_not_converted([Values] bool nested)
    {
        using VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.EptViolationVe;
        Map(rig, VmxRig.Pml4, 4, Gpa, nested ? 0 : SuppressVe);
        rig.Enter();
        if (nested)
            rig.Core.BeginVectoring(14, EventType.HardwareException, 0, 0);
        rig.Core.TranslateGpa(Gpa, EptAccess.Read, 0);
        Assert.That(rig.Core.InterceptsFault(EventType.HardwareException, 0, out _), Is.True);
        Assert.That(rig.Read64(VmxRig.VeArea), Is.Zero);
    }

    [TestCase(false, 47)]
    [TestCase(true, 51)]
    public void A_td_reaches_private_memory_with_its_key_and_shared_memory_through_the_shared_ept(bool gpaw52,
        int sharedBit)
    {
        using VmxRig rig = new();
        rig.BecomeTd(Hkid, gpaw52);
        rig.V.Store(VmcsField.Eptp, VmxRig.Pml4 | 4 << 3 | 6);
        rig.V.Store(VmcsField.SharedEptp, VmxRig.SharedPml4);
        ulong shared = Gpa | 1UL << sharedBit;
        Map(rig, WithKey(rig, VmxRig.Pml4), 5, Gpa, Page | Leaf4K);
        Map(rig, VmxRig.SharedPml4, 5, shared, (Page + 0x5000) | Leaf4K);
        rig.Enter();
        Assert.That(rig.Core.TranslateGpa(Gpa, EptAccess.Write, 0).Address.Value, Is.EqualTo(WithKey(rig, Page)));
        Assert.That(rig.Core.TranslateGpa(shared, EptAccess.Write, 0).Address.Value, Is.EqualTo(Page + 0x5000));
    }

    [Test]
    public void Bits_above_the_shared_bit_are_reserved_for_a_td_with_48_bit_addresses()
    {
        using VmxRig rig = new();
        rig.BecomeTd(Hkid);
        rig.Enter();
        Assert.That(rig.Core.TranslateGpa(1UL << 48, EptAccess.Read, 0).Status, Is.EqualTo(EptStatus.ReservedBits));
        Assert.That(rig.Core.InNonRoot, Is.True);
    }

    [Test]
    public void A_private_key_in_the_shared_ept_is_a_misconfiguration()
    {
        using VmxRig rig = new();
        rig.BecomeTd(Hkid);
        rig.V.Store(VmcsField.SharedEptp, VmxRig.SharedPml4);
        ulong shared = Gpa | 1UL << 47;
        Map(rig, VmxRig.SharedPml4, 4, shared, WithKey(rig, Page) | Leaf4K);
        rig.Enter();
        rig.Core.TranslateGpa(shared, EptAccess.Read, 0);
        rig.Core.InterceptsFault(EventType.HardwareException, 0, out _);
        Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.EptMisconfiguration));
    }

    [Test]
    public void Each_guest_has_a_translation_context_of_its_own()
    {
        using VmxRig rig = new();
        TranslationContext host = rig.Core.TranslationContext;
        rig.Enter();
        TranslationContext guest = rig.Core.TranslationContext;
        rig.V.Store(VmcsField.Vpid, 2);
        Assert.That(new[] { host, guest, rig.Core.TranslationContext }, Is.Unique);
    }

    private static ulong WithKey(VmxRig rig, ulong address) =>
        rig.Platform.Memory.Keys.WithKey(new Hpa(address), new KeyId(Hkid)).Value;

    /// <summary>Writes the entries that lead to <paramref name="gpa"/> and <paramref name="entry"/> at level
    /// <paramref name="lowest"/>.</summary>
    private static ulong Map(VmxRig rig, ulong root, int levels, ulong gpa, ulong entry, int lowest = 1)
    {
        ulong table = root;
        for (int level = levels; ; level--)
        {
            ulong at = table + ((gpa >> (12 + 9 * (level - 1))) & 511) * 8;
            if (level == lowest)
            {
                rig.Write64(at, entry);
                return at;
            }
            ulong next = table + 0x1000;
            rig.Write64(at, rig.Platform.Memory.Keys.LineOf(new Hpa(next)) | Rwx | EptEntry.UserExecute);
            table = next;
        }
    }
}
