using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>What the XSAVE instructions have in common. SDM vol. 1, 13.5 to 13.14.</summary>
internal static unsafe class XsaveRules
{
    /// <summary>Bytes of the largest component, AMX tile data.</summary>
    public const int LargestComponent = 8192;

    private const uint XfdMsr = 0x1C4;

    /// <summary>False: #UD without CR4.OSXSAVE, #NM with CR0.TS.</summary>
    public static bool IsUsable(Core core)
    {
        if ((core.Lp->Cr4 & Cr4Bit.Osxsave) == 0)
            core.Raise(Vector.UD);
        else if ((core.Lp->Cr0 & Cr0Bit.Ts) != 0)
            core.Raise(Vector.NM);
        else
            return true;
        return false;
    }

    /// <summary>RFBM: the enabled components named in EDX:EAX.</summary>
    public static ulong Requested(Core core, ulong enabled) =>
        enabled & core.Extended.Components & ((uint)core.Lp->Gpr[0] | (core.Lp->Gpr[2] << 32));

    /// <summary>XINUSE; a component that IA32_XFD disables is saved as if it were initial. SDM vol. 1, 13.14.</summary>
    public static ulong InUse(Core core) => core.Extended.InUseIn(core.LongMode64) & ~Disabled(core);

    /// <summary>Components that IA32_XFD disables: they are restored as if the area did not have them.</summary>
    public static ulong Disabled(Core core) =>
        core.IsOnPlatform && core.TryRdmsr(XfdMsr, out ulong disabled) ? disabled & core.Lp->Xcr0 : 0;
}
