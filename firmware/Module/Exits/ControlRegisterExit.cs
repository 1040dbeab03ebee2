using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Control-register accesses that exit: bits of CR0 and CR4 the masks protect. SDM vol. 3C, table 28-3 (qualification).
/// </summary>
internal static class ControlRegisterExit
{
    private const int MovTo = 0, MovFrom = 1, Clts = 2, Rsp = 4;
    private const ulong LongModeEnable = 1UL << 8, LongModeActive = 1UL << 10;

    public static ExitEnd Handle(Vcpu v, in VmExitInfo exit, bool debug)
    {
        int register = (int)(exit.Qualification & 0xF);
        int access = (int)(exit.Qualification >> 4 & 3);
        return (access, register) switch
        {
            (MovTo, 0)     => WriteCr0(v, exit, Operand(v, exit)),
            (MovTo, 4)     => WriteCr4(v, exit, Operand(v, exit)),
            (MovTo, _)     => DebuggersBusiness(exit, debug),
            (MovFrom, _)   => DebuggersBusiness(exit, debug),
            (Clts, _)      => Set(v.P, v.P.Vmread(VmcsField.GuestCr0) & ~CrRules.Ts),
            _              => Lmsw(v.P, (ushort)(exit.Qualification >> 16)),
        };
    }

    // CR3 and CR8 accesses exit only when the VMM of a debug TD asked for it.
    private static ExitEnd DebuggersBusiness(in VmExitInfo exit, bool debug) =>
        exit.Report(debug ? TdxStatus.Success : TdxStatus.NonRecoverableTd);

    private static ExitEnd Lmsw(ISeamPlatform p, ushort source) =>
        Set(p, CrRules.Lmsw(source, p.Vmread(VmcsField.GuestCr0)));

    private static ExitEnd WriteCr0(Vcpu v, in VmExitInfo exit, ulong value)
    {
        ISeamPlatform p = v.P;
        ulong old = p.Vmread(VmcsField.GuestCr0);
        (GuestVerdict verdict, ulong cr0) =
            CrRules.WriteCr0(PlatformState.FixedBits(p), value, old, p.Vmread(VmcsField.GuestCr4));
        if (verdict == GuestVerdict.Ve)
            return GuestInjection.Ve(v, exit);
        if (verdict == GuestVerdict.Gp || !TrySwitchPaging(p, old, cr0))
            return GuestInjection.Fault(v, Vector.GP);
        return Set(p, cr0);
    }

    private static ExitEnd WriteCr4(Vcpu v, in VmExitInfo exit, ulong value)
    {
        GuestVerdict verdict = CrRules.WriteCr4(
            PlatformState.FixedBits(v.P), value, v.P.Vmread(VmcsField.GuestCr0), v.Tdcs.Attributes, v.Tdcs.Xfam);
        return verdict == GuestVerdict.Gp ? GuestInjection.Fault(v, Vector.GP) : GuestInjection.Ve(v, exit);
    }

    private static ExitEnd Set(ISeamPlatform p, ulong cr0)
    {
        p.Vmwrite(VmcsField.GuestCr0, cr0);
        return ExitEnd.Advance;
    }

    // PG is the TD's own, but the same MOV may touch a protected bit too: then the module switches IA-32e mode.
    private static bool TrySwitchPaging(ISeamPlatform p, ulong old, ulong cr0)
    {
        ulong efer = p.Vmread(VmcsField.GuestEfer);
        if (((old ^ cr0) & CrRules.Pg) == 0 || (efer & LongModeEnable) == 0)
            return true;
        bool on = (cr0 & CrRules.Pg) != 0;
        if (on && (p.Vmread(VmcsField.GuestCr4) & CrRules.Pae) == 0)
            return false;
        ulong entry = p.Vmread(VmcsField.EntryControls);
        p.Vmwrite(VmcsField.GuestEfer, on ? efer | LongModeActive : efer & ~LongModeActive);
        const ulong ia32e = EntryControls.Ia32eModeGuest;
        p.Vmwrite(VmcsField.EntryControls, on ? entry | ia32e : entry & ~ia32e);
        return true;
    }

    private static ulong Operand(Vcpu v, in VmExitInfo exit)
    {
        int register = (int)(exit.Qualification >> 8 & 0xF);
        ulong value = register == Rsp ? v.P.Vmread(VmcsField.GuestRsp) : v.P.Gpr(register);
        return GuestInstruction.In64BitMode(v.P) ? value : (uint)value;
    }
}
