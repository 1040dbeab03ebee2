using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.VP.CPUIDVE.SET (leaf 5) — raise #VE on CPUID by privilege level. TDX Module 1.5 ABI, "TDG.VP.CPUIDVE.SET Leaf".
/// </summary>
internal static class TdgVpCpuidVeSet
{
    private const ulong Supervisor = 1, User = 2;

    public static GuestLeafEnd Execute(GuestCall g)
    {
        ulong flags = g.Call.Rcx;
        if ((flags & ~(Supervisor | User)) != 0)
            return TdxStatus.OperandInvalid.With(OperandId.Rcx);
        Tdvps tdvps = g.Tdvps;
        tdvps.CpuidSupervisorVe = (flags & Supervisor) != 0;
        tdvps.CpuidUserVe = (flags & User) != 0;
        return TdxStatus.Success;
    }
}
