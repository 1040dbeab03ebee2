using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Seam;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What the host's CPUID enumerates and its operating system has enabled in XCR0.</summary>
internal sealed class HostFeatures(uint xcr0)
{
    private const uint Avx = 6, Avx512 = 0xE6;
    private readonly FeatureGate gate = new(Cpuid);

    public bool Has(OpCodeInfo form)
    {
        foreach (CpuidFeature feature in form.Code.CpuidFeatures())
            if (!gate.Has(feature))
                return false;
        uint needed = form.Encoding switch { EncodingKind.EVEX => Avx512, EncodingKind.VEX => Avx, _ => 0 };
        return (xcr0 & needed) == needed;
    }

    private static CpuidResult Cpuid(uint leaf, uint subleaf)
    {
        (int eax, int ebx, int ecx, int edx) = X86Base.CpuId((int)leaf, (int)subleaf);
        return new CpuidResult((uint)eax, (uint)ebx, (uint)ecx, (uint)edx);
    }
}
