using Seamsim.Isa.State;

namespace Seamsim.Isa.Models;

/// <summary>The state of a logical processor that CPUID answers depend on.</summary>
/// <param name="Lp">Position in the platform.</param>
/// <param name="Cr4">CR4: OSXSAVE and PKE show up in CPUID.</param>
/// <param name="Xcr0">XCR0: leaf 0DH subleaf 0 EBX.</param>
/// <param name="Xss">IA32_XSS: leaf 0DH subleaf 1 EBX.</param>
/// <param name="Mode64">64-bit mode: SYSCALL in leaf 80000001H.</param>
/// <param name="ApicEnabled">IA32_APIC_BASE[11]: leaf 1 EDX[9] mirrors it. SDM vol. 3A, 11.4.3.</param>
/// <param name="TsxHidden">IA32_TSX_CTRL[1], TSX_CPUID_CLEAR: leaf 7 EBX[4] and [11] are 0. SDM vol. 4.</param>
public readonly record struct CpuidContext(
    int Lp, ulong Cr4, ulong Xcr0, ulong Xss, bool Mode64, bool ApicEnabled = true, bool TsxHidden = false)
{
    private const uint TsxCtrl = 0x122;
    private const ulong TsxCpuidClear = 1 << 1;

    /// <summary>The context of a core as it is now.</summary>
    public static unsafe CpuidContext Of(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        bool mode64 = (lp->Efer & EferBit.Lma) != 0 && (lp->Cs.AccessRights & SegmentBit.Long) != 0;
        bool hidden = (core.WrittenMsrs.GetValueOrDefault(TsxCtrl) & TsxCpuidClear) != 0;
        return new CpuidContext(core.Index, lp->Cr4, lp->Xcr0, lp->Xss, mode64, core.Apic.IsEnabled, hidden);
    }
}
