using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// CPUID in a TD: the values fixed when the TD was configured, with the bits that follow the virtual CPU's state.
/// TDX Module 1.5 Base, "CPUID Virtualization".
/// </summary>
internal static class CpuidExit
{
    private const int Rax = 0, Rcx = 1, Rdx = 2, Rbx = 3;
    private const uint InitialApicIdMask = 0xFF000000, OsXsave = 1u << 27, Hle = 1u << 4, Rtm = 1u << 11,
                       OsPke = 1u << 4, Syscall = 1u << 11;
    private const uint TsxCtrlMsr = 0x122;
    private const ulong TsxCpuidClear = 1UL << 1;
    private const byte SupervisorControl = 1, UserControl = 2;

    public static ExitEnd Handle(Vcpu v, in VmExitInfo exit)
    {
        CpuidEntry? found = CpuidLookup.Find(v.C, (uint)v.P.Gpr(Rax), (uint)v.P.Gpr(Rcx));
        if (found is not { } entry || AsksForVe(v, entry.Index))
            return GuestInjection.Ve(v, exit);

        CpuidResult value = Patch(v, entry, v.Tdcs.CpuidValues(entry.Index));
        v.P.Gpr(Rax) = value.Eax;
        v.P.Gpr(Rbx) = value.Ebx;
        v.P.Gpr(Rcx) = value.Ecx;
        v.P.Gpr(Rdx) = value.Edx;
        return ExitEnd.Advance;
    }

    // The TD chose #VE for all of CPUID at this privilege level, or for this leaf.
    private static bool AsksForVe(Vcpu v, int index)
    {
        bool supervisor = (v.P.Vmread(VmcsField.GuestSsAccessRights) >> 5 & 3) == 0;
        byte control = v.Tdvps.CpuidControl(index);
        return supervisor
            ? v.Tdvps.CpuidSupervisorVe || (control & SupervisorControl) != 0
            : v.Tdvps.CpuidUserVe || (control & UserControl) != 0;
    }

    private static CpuidResult Patch(Vcpu v, CpuidEntry entry, CpuidResult value)
    {
        ISeamPlatform p = v.P;
        ulong cr4 = p.Vmread(VmcsField.GuestCr4);
        switch (entry.Leaf, entry.Subleaf)
        {
            case (0x1, _):
                return value with
                {
                    Ebx = value.Ebx & ~InitialApicIdMask | v.Tdvps.VcpuIndex << 24,
                    Ecx = With(value.Ecx, OsXsave, (cr4 & CrRules.OsXsave) != 0),
                };
            case (0x7, 0):
                return value with
                {
                    Ebx = HidesTsx(p) ? value.Ebx & ~(Hle | Rtm) : value.Ebx,
                    Ecx = With(value.Ecx, OsPke, (cr4 & CrRules.Pke) != 0),
                };
            case (0xD, 0 or 1):
                return value with { Ebx = p.Cpuid(entry.Leaf, entry.Subleaf).Ebx };
            case (0x8000_0001, _):
                return value with { Edx = With(value.Edx, Syscall, GuestInstruction.In64BitMode(p)) };
            default:
                return value;
        }
    }

    private static bool HidesTsx(ISeamPlatform p) =>
        p.TryRdmsr(TsxCtrlMsr, out ulong control) && (control & TsxCpuidClear) != 0;

    private static uint With(uint value, uint bit, bool set) => set ? value | bit : value & ~bit;
}
