using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Bringing the module up: every platform condition it refuses, and its states. TDX Module 1.5 ABI, SYS leaves.
/// </summary>
[Category("Conformance")]
public class SysLeafRows
{
    // name | arrange on LP 0 before SYS.INIT | expected.
    private static IEnumerable<TestCaseData> InitRows()
    {
        yield return Row("XAPIC not disabled", m => Msr(m, 0xBD, 0), TdxStatus.IncorrectMsrValue.With(0xBDu));
        yield return Row("RDCL_NO missing", m => Msr(m, 0x10A, m.Lps[0].Cpu.Msrs[0x10A] & ~1UL),
            TdxStatus.IncorrectMsrValue.With(0x10Au));
        yield return Row("ARCH_CAPABILITIES beats XAPIC", m => { Msr(m, 0x10A, 0); Msr(m, 0xBD, 0); },
            TdxStatus.IncorrectMsrValue.With(0x10Au));
        yield return Row("energy filtering off", m => Msr(m, 0xBC, 0), TdxStatus.IncorrectMsrValue.With(0xBCu));
        yield return Row("no full-width counters", m => Msr(m, 0x345, 0), TdxStatus.IncorrectMsrValue.With(0x345u));
        yield return Row("CPUID limited", m => Msr(m, 0x1A0, 1 << 22), TdxStatus.LimitCpuidMaxvalSet);
        yield return Row("max leaf too low", m => m.Lps[0].Cpu.SetCpuid(0, 0, m.Lps[0].Cpuid(0, 0) with { Eax = 0x1E }),
            TdxStatus.CpuidLeafNotSupported.With(0x1Fu));
        yield return Row("52 address bits missing",
            m => m.Lps[0].Cpu.SetCpuid(0x80000008, 0, m.Lps[0].Cpuid(0x80000008, 0) with { Eax = 46 | 57 << 8 }),
                TdxStatus.IncorrectCpuidValue);
        yield return Row("linear bits contradict LA57",
            m => m.Lps[0].Cpu.SetCpuid(0x80000008, 0, m.Lps[0].Cpuid(0x80000008, 0) with { Eax = 52 | 48 << 8 }),
                TdxStatus.IncorrectCpuidValue);
        yield return Row("levels not ascending",
            m => m.Lps[0].Cpu.SetCpuid(0x1F, 1, m.Lps[0].Cpuid(0x1F, 1) with { Ecx = 0x101 }),
                TdxStatus.CpuidLeaf1fFormatUnrecognized);
        yield return Row("L3 not per package",
            m => m.Lps[0].Cpu.SetCpuid(4, 3, m.Lps[0].Cpuid(4, 3) with { Eax = 0x163 }), TdxStatus.InvalidWbinvdScope);
        yield return Row("TRUE controls missing", m => Msr(m, 0x480, 1UL << 54),
            TdxStatus.IncorrectMsrValue.With(0x480u));
        yield return Row("no unrestricted guest", m => Msr(m, 0x485, m.Lps[0].Cpu.Msrs[0x485] & ~(1UL << 5)),
            TdxStatus.IncorrectMsrValue.With(0x485u));
        yield return Row("no 1-GB EPT pages", m => Msr(m, 0x48C, m.Lps[0].Cpu.Msrs[0x48C] & ~(1UL << 14)),
            TdxStatus.IncorrectMsrValue.With(0x48Cu));
        yield return Row("TME not locked", m => Msr(m, 0x982, 0xFUL << 48), TdxStatus.IncorrectMsrValue.With(0x982u));
        yield return Row("no AES-XTS with integrity", m => Msr(m, 0x981, 1), TdxStatus.IncorrectMsrValue.With(0x981u));
        yield return Row("unlike write-back blocks", m => Msr(m, 0x99, 5), TdxStatus.IncorrectMsrValue.With(0x99u));
        yield return Row("CMRs unordered", m => m.Write(m.SeamBase + SysInfoTable.Cmr + 16, 0x1000UL | 0UL << 12),
            TdxStatus.Success);
        yield return Row("CMR misaligned", m => m.Write(m.SeamBase + SysInfoTable.Cmr, 0x800UL),
            TdxStatus.CmrListInvalid);
        yield return Row("no SMRR", m => Msr(m, 0xFE, 0x4000), TdxStatus.SmrrNotSupported);
        yield return Row("SMRR without lock", m => Msr(m, 0xFE, 0x0800), TdxStatus.SmrrLockNotSupported);
        yield return Row("SMRR unlocked", m => Msr(m, 0x1F3, 0xFF80_0800), TdxStatus.SmrrNotLocked);
        yield return Row("SMRR with holes", m => Msr(m, 0x1F3, 0xF080_0C00), TdxStatus.InvalidSmrrConfiguration);
        yield return Row("SMRR in a CMR", m => Msr(m, 0x1F2, 0x8000_0006), TdxStatus.SmrrOverlapsCmr);
        yield return Row("no SEAMDB", m => m.Lps[0].SeamopsCapabilities = 3, TdxStatus.IncompatibleSeamCapabilities);
        yield return Row("handoff versions contradict", m => m.Write<ushort>(m.SeamBase + SysInfoTable.MinUpdateHv, 9),
            TdxStatus.SysIncompatibleSigstruct);
        yield return Row("no entropy", m => m.Lps[0].Entropy = 0, TdxStatus.RndNoEntropy);
        yield return Row("global lock held", m => m.Write<ushort>(m.Layout.GlobalData, 1), TdxStatus.SysBusy);
    }

    [TestCaseSource(nameof(InitRows))]
    public void TDH_SYS_INIT_refuses(Action<object> arrange, ulong expected)
    {
        using ModulePlatform platform = new();
        arrange(platform.Machine);
        TdxStatus status = platform.Seamcall("TDH.SYS.INIT").Status;
        // The call may be repeated after a refusal: the state has not changed.
        Assert.That(status.ToString(), Is.EqualTo(new TdxStatus(expected).ToString()));
    }

    // name | arrange on LP 1 after SYS.INIT | expected of its SYS.LP.INIT.
    private static IEnumerable<TestCaseData> LpInitRows()
    {
        yield return Row("unlike ARCH_CAPABILITIES", m => m.Lps[1].Cpu.Msrs[0x10A] ^= 1UL << 19,
            TdxStatus.InconsistentMsr.With(0x10Au));
        yield return Row("unlike TSC_ADJUST", m => m.Lps[1].Cpu.Msrs[0x3B] = 7, TdxStatus.InconsistentMsr.With(0x3Bu));
        yield return Row("unlike SMRR", m => m.Lps[1].Cpu.Msrs[0x1F2] = 0xD000_0006,
            TdxStatus.InconsistentMsr.With(0x1F2u));
        yield return Row("unlike VMX_MISC", m => m.Lps[1].Cpu.Msrs[0x485] ^= 1UL << 15,
            TdxStatus.InconsistentMsr.With(0x485u));
        yield return Row("TSC_ADJUST beats VMX_MISC",
            m => { m.Lps[1].Cpu.Msrs[0x485] ^= 1UL << 15; m.Lps[1].Cpu.Msrs[0x3B] = 7; },
                TdxStatus.InconsistentMsr.With(0x3Bu));
        yield return Row("unlike CPUID", m => m.Lps[1].Cpu.SetCpuid(7, 1, default), TdxStatus.InconsistentCpuidField);
        yield return Row("CPUID limited", m => m.Lps[1].Cpu.Msrs[0x1A0] = 1 << 22, TdxStatus.LimitCpuidMaxvalSet);
        yield return Row("unlike SEAMOPS", m => m.Lps[1].SeamopsCapabilities = 0x7F,
            TdxStatus.IncompatibleSeamCapabilities);
        yield return Row("no entropy", m => m.Lps[1].Entropy = 0, TdxStatus.RndNoEntropy);
        yield return Row("ninth package",
            m => m.Lps[1].Cpu.SetCpuid(0x1F, 0, m.Lps[1].Cpuid(0x1F, 0) with { Edx = 8 << BareCpu.PackageShift }),
                TdxStatus.InvalidPkgId.With(8u));
        yield return Row("global lock held", m => m.Write<ushort>(m.Layout.GlobalData, 1), TdxStatus.SysBusy);
    }

    [TestCaseSource(nameof(LpInitRows))]
    public void TDH_SYS_LP_INIT_refuses(Action<object> arrange, ulong expected)
    {
        using ModulePlatform platform = new();
        platform.Do("TDH.SYS.INIT");
        arrange(platform.Machine);
        Assert.That(platform.Seamcall("TDH.SYS.LP.INIT", lp: 1).Status.ToString(),
            Is.EqualTo(new TdxStatus(expected).ToString()));
    }

    private static void Msr(BareMachine machine, uint msr, ulong value) => machine.Lps[0].Cpu.Msrs[msr] = value;

    private static TestCaseData Row(string name, Action<BareMachine> arrange, TdxStatus expected) =>
        new TestCaseData((Action<object>)(machine => arrange((BareMachine)machine)),
            expected.Value).SetArgDisplayNames(name);
}
