using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// RDMSR and WRMSR that exit: the actions of <see cref="MsrTable"/>. TDX Module 1.5 Base, "MSR Handling".
/// </summary>
internal static class MsrExit
{
    private const int Rax = 0, Rcx = 1, Rdx = 2;
    private const ulong Sce = 1, Lma = 1UL << 10;
    private const ulong TrapFlag = 1UL << 8, SingleStep = 1UL << 14;
    private const int VirtualVmxOffset = 0x700;

    // Virtual VMX MSRs in the order of the TDCS, 8 bytes each.
    private static ReadOnlySpan<ushort> VirtualVmx =>
        [0x480, 0x485, 0x486, 0x487, 0x488, 0x489, 0x48B, 0x48C, 0x48D, 0x48E, 0x48F, 0x490, 0x491, 0x492];

    /// <summary>RDMSR.</summary>
    public static ExitEnd Read(Vcpu v, in VmExitInfo exit)
    {
        uint msr = (uint)v.P.Gpr(Rcx);
        if (v.C.Rules.Msrs.Find(msr) is not { } row)
            return GuestInjection.Ve(v, exit);
        if (row.ReadAction == MsrAction.Fatal)
            return ExitEnd.Fatal;
        (GuestVerdict verdict, ulong value) = ReadAs(v, msr, row.ReadAction);
        if (verdict != GuestVerdict.Apply)
            return Refuse(v, exit, verdict);
        v.P.Gpr(Rax) = (uint)value;
        v.P.Gpr(Rdx) = value >> 32;
        return ExitEnd.Advance;
    }

    /// <summary>WRMSR.</summary>
    public static ExitEnd Write(Vcpu v, in VmExitInfo exit)
    {
        uint msr = (uint)v.P.Gpr(Rcx);
        if (v.C.Rules.Msrs.Find(msr) is not { } row)
            return GuestInjection.Ve(v, exit);
        if (row.WriteAction == MsrAction.Fatal)
            return ExitEnd.Fatal;
        ulong value = v.P.Gpr(Rdx) << 32 | (uint)v.P.Gpr(Rax);
        GuestVerdict verdict = WriteAs(v, row.WriteAction, value);
        return verdict == GuestVerdict.Apply ? ExitEnd.Advance : Refuse(v, exit, verdict);
    }

    private static ExitEnd Refuse(Vcpu v, in VmExitInfo exit, GuestVerdict verdict) =>
        verdict == GuestVerdict.Gp ? GuestInjection.Fault(v, Vector.GP) : GuestInjection.Ve(v, exit);

    private static (GuestVerdict Verdict, ulong Value) ReadAs(Vcpu v, uint msr, MsrAction action) => action switch
    {
        MsrAction.XapicDisableStatus => (GuestVerdict.Apply, 1),
        MsrAction.ArchCapabilities   => (GuestVerdict.Apply, v.Tdcs.VirtualArchCapabilities),
        MsrAction.MiscEnable         => (GuestVerdict.Apply, VirtualMsrs.MiscEnable(Native(v, msr))),
        MsrAction.PerfCapabilities   => (GuestVerdict.Apply, PerfCapabilities(v, msr)),
        MsrAction.DebugCtl => (GuestVerdict.Apply, DebugCtlRules.Read(v.P.Vmread(VmcsField.GuestDebugctl))),
        MsrAction.VirtualVmx         => (GuestVerdict.Apply, VirtualVmxMsr(v, msr)),
        _                            => (Conditional(v, action), 0),
    };

    private static GuestVerdict WriteAs(Vcpu v, MsrAction action, ulong value) => action switch
    {
        MsrAction.Xss      => WriteXss(v, value),
        MsrAction.DebugCtl => WriteDebugCtl(v.P, value),
        MsrAction.Efer     => WriteEfer(v.P, value),
        _                  => Conditional(v, action),
    };

    // "#GP when the virtual CPUID does not enumerate the MSR, else #VE".
    private static GuestVerdict Conditional(Vcpu v, MsrAction action)
    {
        bool enumerated = action switch
        {
            MsrAction.Ve                  => true,
            MsrAction.GpUnlessMktme       => v.Tdcs.Has(CpuidFlag.Mktme),
            MsrAction.GpUnlessDca         => v.Tdcs.Has(CpuidFlag.Dca),
            MsrAction.GpUnlessTme         => v.Tdcs.Has(CpuidFlag.Tme),
            MsrAction.GpUnlessTscDeadline => v.Tdcs.Has(CpuidFlag.TscDeadline),
            _                             => false,
        };
        return enumerated ? GuestVerdict.Ve : GuestVerdict.Gp;
    }

    private static ulong PerfCapabilities(Vcpu v, uint msr) =>
        VirtualMsrs.PerfCapabilities(Native(v, msr), (v.Tdcs.Attributes & TdAttributes.Perfmon) != 0);

    private static ulong VirtualVmxMsr(Vcpu v, uint msr)
    {
        int index = VirtualVmx.IndexOf((ushort)msr);
        return v.P.Read<ulong>(v.Tdcs.Field(VirtualVmxOffset + 8 * index));
    }

    private static GuestVerdict WriteXss(Vcpu v, ulong value)
    {
        const uint xssMsr = 0xDA0;
        if ((value & ~(v.Tdvps.Xfam & XfamBits.Supervisor)) != 0 || !v.P.TryWrmsr(xssMsr, value))
            return GuestVerdict.Gp;
        v.P.Write(v.Tdvps.Field(TdGuestMsrs.XssOffset), value);
        return GuestVerdict.Apply;
    }

    private static GuestVerdict WriteDebugCtl(ISeamPlatform p, ulong value)
    {
        ulong old = p.Vmread(VmcsField.GuestDebugctl);
        (GuestVerdict verdict, ulong written) = DebugCtlRules.Write(value, old);
        if (verdict != GuestVerdict.Apply)
            return verdict;
        p.Vmwrite(VmcsField.GuestDebugctl, written);
        bool stepping = (p.Vmread(VmcsField.GuestRflags) & TrapFlag) != 0;
        if (stepping && ((old ^ written) & DebugCtlRules.Btf) != 0)
        {
            ulong pending = p.Vmread(VmcsField.GuestPendingDebugExceptions) & ~SingleStep;
            bool wasBranchStepping = (old & DebugCtlRules.Btf) != 0;
            p.Vmwrite(VmcsField.GuestPendingDebugExceptions, wasBranchStepping ? pending | SingleStep : pending);
        }
        return GuestVerdict.Apply;
    }

    // Only SCE may change; LMA is the processor's.
    private static GuestVerdict WriteEfer(ISeamPlatform p, ulong value)
    {
        ulong old = p.Vmread(VmcsField.GuestEfer);
        if (((value ^ old) & ~(Lma | Sce)) != 0)
            return GuestVerdict.Ve;
        p.Vmwrite(VmcsField.GuestEfer, old & ~Sce | value & Sce);
        return GuestVerdict.Apply;
    }

    private static ulong Native(Vcpu v, uint msr) => v.P.TryRdmsr(msr, out ulong value) ? value : 0;
}
