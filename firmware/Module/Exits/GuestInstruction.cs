using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>Ends an instruction on behalf of a TD. SDM vol. 3A, 17.3 and vol. 3C, 32.2.</summary>
internal static class GuestInstruction
{
    private const ulong TrapFlag = 1UL << 8, ResumeFlag = 1UL << 16, SingleStep = 1UL << 14;
    private const ulong StiOrMovSsBlocking = 3;
    private const ulong LongMode = 1UL << 10, CodeLong = 1UL << 13;

    /// <summary>Whether the TD runs 64-bit code.</summary>
    public static bool In64BitMode(ISeamPlatform p) =>
        (p.Vmread(VmcsField.GuestEfer) & LongMode) != 0 && (p.Vmread(VmcsField.GuestCsAccessRights) & CodeLong) != 0;

    /// <summary>Moves RIP past the instruction; a TD that single-steps itself gets its #DB.</summary>
    public static void Complete(ISeamPlatform p, uint length)
    {
        ulong rip = p.Vmread(VmcsField.GuestRip) + length;
        p.Vmwrite(VmcsField.GuestRip, In64BitMode(p) ? rip : (uint)rip);
        p.Vmwrite(
            VmcsField.GuestInterruptibilityState,
            p.Vmread(VmcsField.GuestInterruptibilityState) & ~StiOrMovSsBlocking);
        ulong rflags = p.Vmread(VmcsField.GuestRflags);
        if ((rflags & ResumeFlag) != 0)
            p.Vmwrite(VmcsField.GuestRflags, rflags & ~ResumeFlag);
        if ((rflags & TrapFlag) != 0 && (p.Vmread(VmcsField.GuestDebugctl) & DebugCtlRules.Btf) == 0)
            p.Vmwrite(
                VmcsField.GuestPendingDebugExceptions, p.Vmread(VmcsField.GuestPendingDebugExceptions) | SingleStep);
    }
}
