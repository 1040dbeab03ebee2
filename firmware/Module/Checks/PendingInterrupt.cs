using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Whether a long leaf should stop early. Events are held back in SEAM; MSR INTR_PENDING (0x9A) shows them: bit 0 INTR,
/// the others NMI, SMI and the like. TDX module 1.5.01, interruptible functions.
/// </summary>
internal static class PendingInterrupt
{
    private const uint IntrPendingMsr = 0x9A;
    private const ulong Intr = 1;
    private const ulong InterruptFlag = 1UL << 9;

    /// <summary>For a guest leaf any pending event counts: it would leave the TD.</summary>
    public static bool ForGuest(ISeamPlatform p) => p.TryRdmsr(IntrPendingMsr, out ulong pending) && pending != 0;

    /// <summary>For a host leaf an external interrupt counts only when the host has interrupts enabled.</summary>
    public static bool ForHost(ISeamPlatform p)
    {
        if (!p.TryRdmsr(IntrPendingMsr, out ulong pending))
            return false;
        return (p.Vmread(VmcsField.GuestRflags) & InterruptFlag) != 0 ? pending != 0 : (pending & ~Intr) != 0;
    }
}
