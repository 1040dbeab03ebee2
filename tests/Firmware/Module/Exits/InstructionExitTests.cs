using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Firmware.Module.Vp;

namespace Seamsim.Tests.Firmware.Module.Exits;

/// <summary>
/// CPUID, RDMSR, WRMSR, MOV CR, LMSW and XSETBV of a TD. TDX Module 1.5 Base, instruction virtualization.
/// </summary>
[Category("Conformance")]
public class InstructionExitTests
{
    private const uint Gp = 0x80000B0D, Ve = 0x80000314;
    private const ulong Rip = 0x40_0000;

    private static IEnumerable<TestCaseData> MsrReads() => Rules.Default.Msrs.Rows.Select(row =>
        new TestCaseData((ulong)row.First, row.ReadAction.ToString())
            .SetName($"read of {row.Name} ({row.First:X}): {row.ReadAction}"));

    private static IEnumerable<TestCaseData> MsrWrites() => Rules.Default.Msrs.Rows.Select(row =>
        new TestCaseData((ulong)row.First, row.WriteAction.ToString())
            .SetName($"write of {row.Name} ({row.First:X}): {row.WriteAction}"));

    [TestCaseSource(nameof(MsrReads))]
    public void A_read_that_exited_ends_as_its_row_says(ulong msr, string action)
    {
        using VcpuTd t = Running();
        t.Lp.Gpr(1) = msr;
        Check(t, t.Exit(ExitReason.Rdmsr, length: 2), action, WithoutFeatures(action));
    }

    [TestCaseSource(nameof(MsrWrites))]
    public void A_write_that_exited_ends_as_its_row_says(ulong msr, string action)
    {
        using VcpuTd t = Running();
        (t.Lp.Gpr(1), t.Lp.Gpr(0), t.Lp.Gpr(2)) = (msr, msr == 0xC0000080 ? 0x901u : 0u, 0);
        Check(t, t.Exit(ExitReason.Wrmsr, length: 2), action, WithoutFeatures(action));
    }

    [TestCase(0x1Bul)]
    [TestCase(0xC0010015ul)]
    [TestCase(0x4000_0000ul)]
    public void An_MSR_without_a_row_is_a_VE(ulong msr)
    {
        using VcpuTd t = Running();
        t.Lp.Gpr(1) = msr;
        t.Exit(ExitReason.Wrmsr, length: 2);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Ve));
        Assert.That(t.VeInfo.Fetch().Reason, Is.EqualTo(32));
    }

    [TestCase(0x6E0ul, Feature.TscDeadline)]
    [TestCase(0x1F9ul, Feature.Dca)]
    [TestCase(0x982ul, Feature.Tme)]
    [TestCase(0x87ul, Feature.Mktme)]
    public void An_MSR_of_a_feature_is_GP_without_it_and_VE_with_it(ulong msr, Feature feature)
    {
        foreach (bool present in new[] { false, true })
        {
            using VcpuTd t = Running();
            Tdcs tdcs = t.Tdcs;
            tdcs.Set(Enum.Parse<CpuidFlag>(feature.ToString()), present);
            t.Lp.Gpr(1) = msr;
            t.Exit(ExitReason.Rdmsr, length: 2);
            Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(present ? Ve : Gp));
        }
    }

    [TestCase(0xBDul, 1UL, TestName = "XAPIC is disabled")]
    [TestCase(0x10Aul, 0x1_2345_6789UL, TestName = "ARCH_CAPABILITIES as configured")]
    [TestCase(0x480ul, 0x480_0000UL, TestName = "virtual VMX_BASIC")]
    [TestCase(0x492ul, 0x492_0000UL, TestName = "virtual PROCBASED_CTLS3")]
    [TestCase(0x1D9ul, 3UL, TestName = "DEBUGCTL without the uncore enable")]
    [TestCase(0x345ul, 0UL, TestName = "no performance capabilities without PERFMON")]
    [TestCase(0x1A0ul, 0x41001UL, TestName = "MISC_ENABLE: no PMU, no PEBS")]
    public void A_virtual_MSR_reads_as_specified(ulong msr, ulong expected)
    {
        using VcpuTd t = Running();
        Tdcs tdcs = t.Tdcs;
        tdcs.VirtualArchCapabilities = 0x1_2345_6789;
        t.Lp.Write(tdcs.Field(0x700), 0x480_0000UL);
        t.Lp.Write(tdcs.Field(0x768), 0x492_0000UL);
        t[VmcsField.GuestDebugctl] = 0x2003;
        t.Lp.Gpr(1) = msr;
        Assert.That(t.Exit(ExitReason.Rdmsr, length: 2), Is.EqualTo(SeamEnd.Entered));
        Assert.That(t.Lp.Gpr(2) << 32 | t.Lp.Gpr(0), Is.EqualTo(expected));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 2));
    }

    [TestCase(0x900UL, 0x901UL, true, TestName = "SCE may go")]
    [TestCase(0x901UL, 0x901UL, true, TestName = "nothing changes")]
    [TestCase(0xD01UL, 0x901UL, true, TestName = "LMA is ignored")]
    [TestCase(0x801UL, 0x901UL, false, TestName = "LME may not")]
    [TestCase(0x101UL, 0x901UL, false, TestName = "NXE may not")]
    public void EFER_gives_only_SCE_away(ulong value, ulong old, bool applied)
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestEfer] = old;
        (t.Lp.Gpr(1), t.Lp.Gpr(0), t.Lp.Gpr(2)) = (0xC0000080, value, 0);
        t.Exit(ExitReason.Wrmsr, length: 2);
        Assert.That(t[VmcsField.GuestEfer], Is.EqualTo(applied ? old & ~1UL | value & 1 : old));
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(applied ? 0 : Ve));
    }

    [Test]
    public void XSS_takes_what_XFAM_has_and_is_remembered()
    {
        using VcpuTd t = VpEnterTests.Runnable();
        Tdvps v = t.Tdvps;
        v.Xfam = 0x1803;
        t.Run();
        t.Wait();
        (t.Lp.Gpr(1), t.Lp.Gpr(0), t.Lp.Gpr(2)) = (0xDA0, 0x1800, 0);
        t.Exit(ExitReason.Wrmsr, length: 2);
        Assert.That(t.Lp.Cpu.Msrs[0xDA0], Is.EqualTo(0x1800));
        Assert.That(t.Lp.Read<ulong>(v.Field(0xC70)), Is.EqualTo(0x1800));
        t.Lp.Gpr(0) = 0x8000;
        t.Lp.Gpr(1) = 0xDA0;
        t.Exit(ExitReason.Wrmsr, length: 2);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Gp));
    }

    [Test]
    public void A_single_stepped_DEBUGCTL_write_that_ends_branch_stepping_traps()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestRflags] = 0x102;
        t[VmcsField.GuestDebugctl] = 2;
        (t.Lp.Gpr(1), t.Lp.Gpr(0), t.Lp.Gpr(2)) = (0x1D9, 0, 0);
        t.Exit(ExitReason.Wrmsr, length: 2);
        Assert.That(t[VmcsField.GuestDebugctl], Is.Zero);
        Assert.That(t[VmcsField.GuestPendingDebugExceptions], Is.EqualTo(1 << 14));
    }

    [Test]
    public void CPUID_answers_from_the_TD_and_moves_on()
    {
        using VcpuTd t = Running();
        CpuidEntry entry = t.Td.Tables.Cpuid.Find(0x15, 0)!;
        (t.Lp.Gpr(0), t.Lp.Gpr(1)) = (0xFFFF_FFFF_0000_0015, 0);
        Assert.That(t.Exit(ExitReason.Cpuid, length: 2), Is.EqualTo(SeamEnd.Entered));
        Assert.That(
            (t.Lp.Gpr(0), t.Lp.Gpr(3), t.Lp.Gpr(1), t.Lp.Gpr(2)),
            Is.EqualTo(((ulong)entry.Index + 0x100, 0x200UL, 0x300UL, 0x400UL)));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 2));
    }

    [Test]
    public void Every_entry_answers_or_raises_VE_as_the_table_says()
    {
        using VcpuTd t = Running();
        foreach (CpuidEntry entry in t.Td.Tables.Cpuid.Entries)
        {
            uint subleaf = entry.Subleaf == CpuidEntry.NoSubleaf ? 0 : entry.Subleaf;
            (t.Lp.Gpr(0), t.Lp.Gpr(1)) = (entry.Leaf, subleaf);
            t.Exit(ExitReason.Cpuid, length: 2);
            bool ve = t.VeInfo.IsValid;
            Assert.That(ve, Is.EqualTo(entry.Faulting), $"{entry.Leaf:X}.{subleaf:X}");
            if (ve)
                t.VeInfo.Fetch();
            else if (entry.Leaf is not (1 or 7 or 0xD or 0x80000001))
                Assert.That((uint)t.Lp.Gpr(0), Is.EqualTo((uint)entry.Index + 0x100), $"{entry.Leaf:X}.{subleaf:X}");
        }
    }

    [TestCase(0x2u, TestName = "leaf 2 is not virtualized")]
    [TestCase(0x6u, TestName = "leaf 6 faults")]
    [TestCase(0x1Fu, TestName = "leaf 1F faults")]
    [TestCase(0x40000000u, TestName = "hypervisor leaves")]
    public void A_leaf_the_module_does_not_answer_is_a_VE(uint leaf)
    {
        using VcpuTd t = Running();
        (t.Lp.Gpr(0), t.Lp.Gpr(1)) = (leaf, 0);
        t.Exit(ExitReason.Cpuid, length: 2);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Ve));
        Assert.That(t.VeInfo.Fetch().Reason, Is.EqualTo(10));
        Assert.That((uint)t.Lp.Gpr(0), Is.EqualTo(leaf), "registers stay");
    }

    [TestCase(0x24u, 0x23u)]
    [TestCase(0x3FFFFFFFu, 0x23u)]
    [TestCase(0x80000009u, 0x23u)]
    [TestCase(0x50000000u, 0x23u)]
    [TestCase(0x80000008u, 0x80000008u)]
    [TestCase(0x23u, 0x23u)]
    public void A_leaf_out_of_range_answers_as_the_last_base_leaf(uint leaf, uint answered)
    {
        using VcpuTd t = Running();
        (t.Lp.Gpr(0), t.Lp.Gpr(1)) = (leaf, 0);
        t.Exit(ExitReason.Cpuid, length: 2);
        Assert.That(t.Lp.Gpr(0), Is.EqualTo((uint)t.Td.Tables.Cpuid.Find(answered, 0)!.Index + 0x100));
    }

    [Test]
    public void Bits_that_follow_the_virtual_CPU_are_patched()
    {
        using VcpuTd t = Running();
        Tdvps v = t.Tdvps;
        v.VcpuIndex = 3;
        Tdcs tdcs = t.Tdcs;
        tdcs.SetCpuidValues(t.Td.Tables.Cpuid.Find(1, 0)!.Index, new(0x806F8, 0xFF01_0800, 1u << 27, 0));
        tdcs.SetCpuidValues(t.Td.Tables.Cpuid.Find(7, 0)!.Index, new(2, 1 << 4 | 1 << 11, 0, 0));
        tdcs.SetCpuidValues(t.Td.Tables.Cpuid.Find(0x80000001, 0)!.Index, new(0, 0, 0, 0));

        Ask(t, 1, 0);
        Assert.That((t.Lp.Gpr(3), t.Lp.Gpr(1)), Is.EqualTo((0x0301_0800UL, 0UL)), "APIC id, OSXSAVE off");
        t[VmcsField.GuestCr4] = CrRules.OsXsave | CrRules.Pke;
        Ask(t, 1, 0);
        Assert.That(t.Lp.Gpr(1), Is.EqualTo(1UL << 27), "OSXSAVE on");
        Ask(t, 7, 0);
        Assert.That((t.Lp.Gpr(3), t.Lp.Gpr(1)), Is.EqualTo((0x810UL, 0x10UL)), "TSX visible, OSPKE");
        t.Lp.Cpu.Msrs[0x122] = 2;
        Ask(t, 7, 0);
        Assert.That(t.Lp.Gpr(3), Is.Zero, "TSX hidden by TSX_CTRL");
        Ask(t, 0x80000001, 0);
        Assert.That(t.Lp.Gpr(2), Is.Zero, "no SYSCALL outside 64-bit mode");
        t.In64BitMode();
        Ask(t, 0x80000001, 0);
        Assert.That(t.Lp.Gpr(2), Is.EqualTo(1 << 11));
        Ask(t, 0xD, 0);
        Assert.That(t.Lp.Gpr(3), Is.EqualTo(t.Lp.Cpuid(0xD, 0).Ebx), "sizes as the processor computes them");
    }

    [TestCase(0, 1u, true, TestName = "supervisor CPUID with supervisor #VE")]
    [TestCase(0, 2u, false, TestName = "supervisor CPUID with user #VE")]
    [TestCase(3, 2u, true, TestName = "user CPUID with user #VE")]
    [TestCase(3, 1u, false, TestName = "user CPUID with supervisor #VE")]
    public void The_TD_can_ask_for_VE_by_privilege_level_and_by_leaf(int cpl, uint flags, bool ve)
    {
        foreach (bool perLeaf in new[] { false, true })
        {
            using VcpuTd t = Running();
            if (perLeaf)
                t.Lp.Write(t.Tdvps.Field(0x900 + t.Td.Tables.Cpuid.Find(0x15, 0)!.Index), (byte)flags);
            else
                Assert.That(t.Tdcall(5, flags), Is.EqualTo(SeamEnd.Entered));
            t[VmcsField.GuestSsAccessRights] = 0xC093 | (ulong)cpl << 5;
            Ask(t, 0x15, 0);
            Assert.That(t.VeInfo.IsValid, Is.EqualTo(ve), perLeaf ? "by leaf" : "by level");
        }
    }

    [Test]
    public void MOV_to_CR0_applies_what_it_may()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestCr0] = 0x80010033;
        t.Lp.Gpr(8) = 0x80000033;
        t.Exit(ExitReason.ControlRegisterAccess, qualification: 0x800, length: 4);
        Assert.That(t[VmcsField.GuestCr0], Is.EqualTo(0x80000033));
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(Rip + 4));
        t.Lp.Gpr(8) = 0xC0010033;
        t.Exit(ExitReason.ControlRegisterAccess, qualification: 0x800, length: 4);
        Assert.That(t.VeInfo.Fetch() is { Reason: 28, Qualification: 0x800 });
        Assert.That(t[VmcsField.GuestCr0], Is.EqualTo(0x80000033), "a refusal changes nothing");
    }

    [Test]
    public void MOV_to_CR4_is_never_applied_and_LMSW_only_in_its_three_bits()
    {
        using VcpuTd t = Running();
        t[VmcsField.GuestCr4] = 0x2060;
        t.Lp.Gpr(3) = 0x60 | CrRules.Pks;
        t.Exit(ExitReason.ControlRegisterAccess, qualification: 0x304, length: 3);
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(Gp));
        Assert.That(t[VmcsField.GuestCr4], Is.EqualTo(0x2060));
        t[VmcsField.GuestCr0] = 0x80010031;
        t.Exit(ExitReason.ControlRegisterAccess, qualification: 0xFFFFUL << 16 | 0x30, length: 3);
        Assert.That(t[VmcsField.GuestCr0], Is.EqualTo(0x8001003F));
    }

    [TestCase(0ul, 3ul, true)]
    [TestCase(0ul, 7ul, false, TestName = "AVX without XFAM")]
    [TestCase(0ul, 2ul, false, TestName = "no x87")]
    [TestCase(1ul, 3ul, false, TestName = "another register")]
    public void XSETBV_takes_what_XFAM_allows(ulong register, ulong value, bool applied)
    {
        using VcpuTd t = Running();
        (t.Lp.Gpr(1), t.Lp.Gpr(0), t.Lp.Gpr(2)) = (register, value, 0);
        t.Exit(ExitReason.Xsetbv, length: 3);
        Assert.That(t.Lp.Xgetbv(), Is.EqualTo(applied ? value : 1));
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(applied ? 0 : Gp));
    }

    private static void Ask(VcpuTd t, uint leaf, uint subleaf)
    {
        (t.Lp.Gpr(0), t.Lp.Gpr(1)) = (leaf, subleaf);
        t.Exit(ExitReason.Cpuid, length: 2);
    }

    // Without features "#GP unless …" is #GP.
    private static string WithoutFeatures(string action) =>
        action.StartsWith("GpUnless", StringComparison.Ordinal) ? "Gp" : action;

    private static void Check(VcpuTd t, SeamEnd end, string action, string outcome)
    {
        if (outcome == "Fatal")
        {
            Assert.That(end, Is.EqualTo(SeamEnd.Shutdown), action);
            return;
        }
        Assert.That(end, Is.EqualTo(SeamEnd.Entered), action);
        ulong expected = outcome switch { "Gp" => Gp, "Ve" => Ve, _ => 0 };
        Assert.That(t[VmcsField.EntryInterruptionInformation], Is.EqualTo(expected), action);
        Assert.That(t[VmcsField.GuestRip], Is.EqualTo(expected == 0 ? Rip + 2 : Rip), action);
    }

    private static VcpuTd Running()
    {
        VcpuTd t = VpEnterTests.Runnable();
        t[VmcsField.GuestRip] = Rip;
        t.Run();
        t.Wait();
        return t;
    }

    // The product's enum is internal and test methods are public.
    public enum Feature
    {
        TscDeadline, Dca, Tme, Mktme,
    }
}
