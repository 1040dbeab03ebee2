using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware.Module.Mem;

/// <summary>
/// Every leaf on an entry in every state: the table says whether it works, and these rows what the entry becomes.
/// TDX Module 1.5 base specification, "Secure EPT Entry State Diagrams".
/// </summary>
[Category("Conformance")]
public class SeptTransitionTests
{
    // leaf | level | RCX..: what each state the leaf works on becomes
    private static IEnumerable<TestCaseData> Transitions()
    {
        yield return Row("TDH.MEM.PAGE.ADD", 2, 0, "FREE>MAPPED");
        yield return Row("TDH.MEM.SEPT.ADD", 3, 1, "FREE>NL_MAPPED NL_MAPPED>NL_MAPPED");
        yield return Row("TDH.MEM.PAGE.AUG", 6, 0, "FREE>PENDING REMOVED>PENDING");
        yield return Row("TDH.MEM.PAGE.AUG", 6, 1, "FREE>PENDING REMOVED>PENDING");
        yield return Row(
            "TDH.MEM.RANGE.BLOCK", 7, 1,
            "MAPPED>BLOCKED BLOCKEDW>BLOCKED PENDING>PENDING_BLOCKED PENDING_BLOCKEDW>PENDING_BLOCKED "
            + "NL_MAPPED>NL_BLOCKED");
        yield return Row("TDH.MR.EXTEND", 16, 0, "MAPPED>MAPPED");
        yield return Row(
            "TDH.MEM.PAGE.REMOVE", 29, 1,
            "MAPPED>FREE BLOCKED>FREE BLOCKEDW>FREE PENDING>FREE PENDING_BLOCKED>FREE PENDING_BLOCKEDW>FREE");
        yield return Row("TDH.MEM.SEPT.REMOVE", 30, 1, "NL_MAPPED>FREE NL_BLOCKED>FREE");
        yield return Row(
            "TDH.MEM.RANGE.UNBLOCK", 39, 1, "BLOCKED>MAPPED NL_BLOCKED>NL_MAPPED PENDING_BLOCKED>PENDING");

        static TestCaseData Row(string name, int leaf, int level, string transitions) =>
            new TestCaseData(leaf, level, transitions).SetArgDisplayNames(name, $"level {level}");
    }

    [TestCaseSource(nameof(Transitions))]
    public void A_leaf_moves_an_entry_as_the_state_diagram_says(int leaf, int level, string transitions)
    {
        Dictionary<SeptState, SeptState> becomes = transitions.Split(' ').Select(t => t.Split('>'))
            .ToDictionary(t => Enum.Parse<SeptState>(t[0]), t => Enum.Parse<SeptState>(t[1]));
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
        {
            using var td = new MemTd();
            td.BuildTo(td.Gpa, level);
            td.SetEntry(td.Gpa, level, td.Make(state, level));
            byte[] before = td.Snapshot();
            SetOperands(td, leaf, level);
            TdxStatus status = td.Call(leaf);

            bool works = becomes.TryGetValue(state, out SeptState after);
            Assert.That(status.IsSuccess, Is.EqualTo(works), $"{state}: {status}");
            Assert.That(td.Tables.SeptLeaves.Allows(LeafSide.Host, leaf, state), Is.EqualTo(works), $"table, {state}");
            Assert.That(td.EntryAt(td.Gpa, level).State, Is.EqualTo(works ? after : state), $"after {state}");
            Assert.That(td.EntryAt(td.Gpa, level).IsLocked, Is.False, $"{state}: the entry lock is released");
            if (!works)
                Assert.That(td.Snapshot().AsSpan().SequenceEqual(before), $"{state}: no mark");
        }
    }

    [Test]
    public void SEPT_RD_shows_every_state_and_changes_none()
    {
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
        {
            using var td = new MemTd();
            td.BuildTo(td.Gpa, 1);
            SeptEntry entry = td.Make(state, 1);
            td.SetEntry(td.Gpa, 1, entry);
            Assert.That(td.Call(25, td.Gpa | 1), Is.EqualTo(TdxStatus.Success));
            Assert.That(td.Lp.Gpr(1), Is.EqualTo(entry.Architectural(1)), $"RCX of {state}");
            Assert.That(td.Lp.Gpr(2), Is.EqualTo(1u | (uint)SeptStates.Of(state).Public << 8), $"RDX of {state}");
            Assert.That(td.EntryAt(td.Gpa, 1), Is.EqualTo(entry));
        }
    }

    [Test]
    public void ACCEPT_works_on_pending_entries_only()
    {
        for (var state = SeptState.FREE; state < SeptState.Invalid; state++)
        {
            using var td = new MemTd();
            td.BuildTo(td.Gpa, 1);
            SeptEntry entry = td.Make(state, 1);
            td.SetEntry(td.Gpa, 1, entry);
            GuestLeafEnd end = td.Tdcall(6, td.Gpa | 1);
            (GuestLeafEndKind kind, TdxStatus status, SeptState after) = state switch
            {
                SeptState.PENDING => (GuestLeafEndKind.Completed, TdxStatus.Success, SeptState.MAPPED),
                SeptState.PENDING_EXP_DIRTY => (GuestLeafEndKind.Completed, TdxStatus.Success, SeptState.EXP_DIRTY),
                SeptState.NL_MAPPED or SeptState.NL_BLOCKED or SeptState.REMOVED =>
                    (GuestLeafEndKind.Completed, TdxStatus.PageSizeMismatch.With(1), state),
                _ when SeptStates.Of(state).GuestAccessibleLeaf =>
                    (GuestLeafEndKind.Completed, TdxStatus.PageAlreadyAccepted.With(1), state),
                _ => (GuestLeafEndKind.EptViolationExit, default, state),
            };
            Assert.That((end.Kind, end.Status), Is.EqualTo((kind, status)), $"{state}");
            Assert.That(td.EntryAt(td.Gpa, 1).State, Is.EqualTo(after), $"after {state}");
            Assert.That(td.EntryAt(td.Gpa, 1).IsLocked, Is.False);
        }
    }

    private static void SetOperands(MemTd td, int leaf, int level)
    {
        (td.Regs.Rcx, td.Regs.Rdx, td.Regs.R9) = (td.Gpa | (uint)level, MemTd.TdrPage, MemTd.HostPage);
        td.Regs.R8 = level == 1 && leaf == 6 ? td.FreeLargePage() : td.FreePage();
        if (leaf == 3)
            td.Regs.Rdx |= 1;
        if (leaf == 16)
            td.Regs.Rcx = td.Gpa;
    }
}
