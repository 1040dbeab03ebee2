using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What the host's CPUID enumerates and its operating system has enabled.</summary>
internal sealed class HostFeatures(uint xcr0)
{
    private const int Eax = 0, Ebx = 1, Ecx = 2, Edx = 3;
    private const uint Avx = 6, Avx512 = 0xE6;

    // CPUID leaf, subleaf, register, bit; the XCR0 components the instructions work on. SDM vol. 2, CPUID.
    private static readonly Dictionary<CpuidFeature, (uint Leaf, int Subleaf, int Register, int Bit, uint Xcr0)> Bits = new()
    {
        [CpuidFeature.FPU]         = (1, 0, Edx, 0, 0),
        [CpuidFeature.FPU287]      = (1, 0, Edx, 0, 0),
        [CpuidFeature.FPU387]      = (1, 0, Edx, 0, 0),
        [CpuidFeature.CX8]         = (1, 0, Edx, 8, 0),
        [CpuidFeature.CMOV]        = (1, 0, Edx, 15, 0),
        [CpuidFeature.CLFSH]       = (1, 0, Edx, 19, 0),
        [CpuidFeature.MMX]         = (1, 0, Edx, 23, 0),
        [CpuidFeature.FXSR]        = (1, 0, Edx, 24, 0),
        [CpuidFeature.SSE]         = (1, 0, Edx, 25, 0),
        [CpuidFeature.SSE2]        = (1, 0, Edx, 26, 0),
        [CpuidFeature.MULTIBYTENOP] = (1, 0, Edx, 15, 0),
        [CpuidFeature.PAUSE]       = (1, 0, Edx, 26, 0),
        [CpuidFeature.SSE3]        = (1, 0, Ecx, 0, 0),
        [CpuidFeature.PCLMULQDQ]   = (1, 0, Ecx, 1, 0),
        [CpuidFeature.SSSE3]       = (1, 0, Ecx, 9, 0),
        [CpuidFeature.FMA]         = (1, 0, Ecx, 12, Avx),
        [CpuidFeature.CMPXCHG16B]  = (1, 0, Ecx, 13, 0),
        [CpuidFeature.SSE4_1]      = (1, 0, Ecx, 19, 0),
        [CpuidFeature.SSE4_2]      = (1, 0, Ecx, 20, 0),
        [CpuidFeature.MOVBE]       = (1, 0, Ecx, 22, 0),
        [CpuidFeature.POPCNT]      = (1, 0, Ecx, 23, 0),
        [CpuidFeature.AES]         = (1, 0, Ecx, 25, 0),
        [CpuidFeature.AVX]         = (1, 0, Ecx, 28, Avx),
        [CpuidFeature.F16C]        = (1, 0, Ecx, 29, Avx),
        [CpuidFeature.BMI1]        = (7, 0, Ebx, 3, 0),
        [CpuidFeature.AVX2]        = (7, 0, Ebx, 5, Avx),
        [CpuidFeature.BMI2]        = (7, 0, Ebx, 8, 0),
        [CpuidFeature.AVX512F]     = (7, 0, Ebx, 16, Avx512),
        [CpuidFeature.AVX512DQ]    = (7, 0, Ebx, 17, Avx512),
        [CpuidFeature.ADX]         = (7, 0, Ebx, 19, 0),
        [CpuidFeature.SMAP]        = (7, 0, Ebx, 20, 0),
        [CpuidFeature.AVX512_IFMA] = (7, 0, Ebx, 21, Avx512),
        [CpuidFeature.CLFLUSHOPT]  = (7, 0, Ebx, 23, 0),
        [CpuidFeature.CLWB]        = (7, 0, Ebx, 24, 0),
        [CpuidFeature.AVX512CD]    = (7, 0, Ebx, 28, Avx512),
        [CpuidFeature.SHA]         = (7, 0, Ebx, 29, 0),
        [CpuidFeature.AVX512BW]    = (7, 0, Ebx, 30, Avx512),
        [CpuidFeature.AVX512VL]    = (7, 0, Ebx, 31, Avx512),
        [CpuidFeature.AVX512_VBMI] = (7, 0, Ecx, 1, Avx512),
        [CpuidFeature.AVX512_VBMI2] = (7, 0, Ecx, 6, Avx512),
        [CpuidFeature.GFNI]        = (7, 0, Ecx, 8, 0),
        [CpuidFeature.VAES]        = (7, 0, Ecx, 9, Avx),
        [CpuidFeature.VPCLMULQDQ]  = (7, 0, Ecx, 10, Avx),
        [CpuidFeature.AVX512_VNNI] = (7, 0, Ecx, 11, Avx512),
        [CpuidFeature.AVX512_BITALG] = (7, 0, Ecx, 12, Avx512),
        [CpuidFeature.AVX512_VPOPCNTDQ] = (7, 0, Ecx, 14, Avx512),
        [CpuidFeature.CLDEMOTE]    = (7, 0, Ecx, 25, 0),
        [CpuidFeature.MOVDIRI]     = (7, 0, Ecx, 27, 0),
        [CpuidFeature.MOVDIR64B]   = (7, 0, Ecx, 28, 0),
        [CpuidFeature.SERIALIZE]   = (7, 0, Edx, 14, 0),
        [CpuidFeature.RTM]         = (7, 0, Ebx, 11, 0),
        [CpuidFeature.WAITPKG]     = (7, 0, Ecx, 5, 0),
        [CpuidFeature.AVX512_FP16] = (7, 0, Edx, 23, Avx512),
        [CpuidFeature.AVX_VNNI]    = (7, 1, Eax, 4, Avx),
        [CpuidFeature.AVX512_BF16] = (7, 1, Eax, 5, Avx512),
        [CpuidFeature.LZCNT]       = (0x80000001, 0, Ecx, 5, 0),
        [CpuidFeature.PREFETCHW]   = (0x80000001, 0, Ecx, 8, 0),
    };

    /// <summary>Features without a bit that every processor in 64-bit mode has.</summary>
    private static readonly CpuidFeature[] Always =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL8086_ONLY, CpuidFeature.INTEL186, CpuidFeature.INTEL286,
        CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.X64,
    ];

    public bool Has(Code code)
    {
        foreach (CpuidFeature feature in code.CpuidFeatures())
            if (!Has(feature))
                return false;
        return true;
    }

    private bool Has(CpuidFeature feature)
    {
        if (Always.Contains(feature))
            return true;
        if (!Bits.TryGetValue(feature, out var bit) || (xcr0 & bit.Xcr0) != bit.Xcr0)
            return false;
        (int eax, int ebx, int ecx, int edx) = X86Base.CpuId((int)bit.Leaf, bit.Subleaf);
        int value = bit.Register switch { Eax => eax, Ebx => ebx, Ecx => ecx, _ => edx };
        return ((value >> bit.Bit) & 1) != 0;
    }
}
