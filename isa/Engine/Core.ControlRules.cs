using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Rules of control registers that depend on the model or on VMX.
public sealed unsafe partial class Core
{
    private ulong? legalCr4;

    /// <summary>Bits fixed by VMX operation; PE and PG are free for an unrestricted guest. SDM vol. 3C, 24.8.</summary>
    internal bool IsCr0AllowedInVmx(ulong value)
    {
        bool unrestricted = InNonRoot && IsSet(CurrentVmcs, ProcControls2.UnrestrictedGuest);
        ulong free = unrestricted ? Cr0Bit.Pe | Cr0Bit.Pg : 0;
        ulong fixed0 = Capabilities.Cr0Fixed0 & ~free;
        return (value & fixed0) == fixed0 && (value & ~Capabilities.Cr0Fixed1) == 0;
    }

    /// <summary>Bits fixed by VMX operation. SDM vol. 3C, 24.8.</summary>
    internal bool IsCr4AllowedInVmx(ulong value) =>
        (value & Capabilities.Cr4Fixed0) == Capabilities.Cr4Fixed0 && (value & ~Capabilities.Cr4Fixed1) == 0;

    /// <summary>Bits of CR4 that the processor has, by its CPUID; every one the manual names before it is powered on.</summary>
    internal ulong LegalCr4 => IsOnPlatform ? legalCr4 ??= Cr4Features.Of(Cpuid) : Cr4Features.All;

    /// <summary>Whether a value for CR3 has no bit above MAXPHYADDR and, outside SEAM, no private KeyID.</summary>
    internal bool IsLegalCr3(ulong value)
    {
        bool beyond = value >> Memory.Keys.PhysicalAddressBits != 0;
        return !beyond && (InSeam || !Memory.Keys.IsPrivate(Memory.Keys.KeyOf(new Hpa(value))));
    }

    /// <summary>
    /// XCR0 rules: x87 always; AVX needs SSE; AVX-512 whole and with AVX; AMX and MPX whole. SDM vol. 1, 13.3.
    /// </summary>
    private bool IsLegalXcr0(ulong value)
    {
        const ulong avx512 = 7UL << 5, amx = 3UL << 17, mpx = 3UL << 3;
        bool avx = (value & 4) != 0;
        return (value & 1) != 0 && (value & ~XsaveSupported) == 0 && (!avx || (value & 2) != 0)
            && (value & avx512) is 0 or avx512 && ((value & avx512) == 0 || avx) && (value & amx) is 0 or amx
            && (value & mpx) is 0 or mpx;
    }

    /// <summary>STI (1) or MOV SS (2) holds interrupts back until the next instruction has completed.</summary>
    internal void BlockInterruptsForOneInstruction(byte cause) => Lp->InterruptShadow = cause;

    /// <summary>What XCR0 may have: CPUID.(0DH,0):EDX:EAX; x87 and SSE without a platform.</summary>
    internal ulong XsaveSupported
    {
        get
        {
            if (!IsOnPlatform)
                return 3;
            Seam.CpuidResult leaf = Cpuid(0xD, 0);
            return leaf.Eax | ((ulong)leaf.Edx << 32);
        }
    }
}
