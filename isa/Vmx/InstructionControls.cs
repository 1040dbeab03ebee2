using System.Collections.Frozen;

namespace Seamsim.Isa.Vmx;

/// <summary>Which control makes an instruction exit. SDM vol. 3C, 26.1.2 and 26.1.3.</summary>
internal static class InstructionControls
{
    private static readonly FrozenSet<ExitReason> Unconditional = new[]
    {
        ExitReason.Cpuid, ExitReason.Getsec, ExitReason.Invd, ExitReason.Xsetbv, ExitReason.Invept, ExitReason.Invvpid,
        ExitReason.Vmcall, ExitReason.Vmclear, ExitReason.Vmlaunch, ExitReason.Vmptrld, ExitReason.Vmptrst,
        ExitReason.Vmresume, ExitReason.Vmxoff, ExitReason.Vmxon, ExitReason.Vmread, ExitReason.Vmwrite, ExitReason.Rsm,
        ExitReason.Seamcall, ExitReason.Tdcall, ExitReason.Vmfunc,
    }.ToFrozenSet();

    private static readonly FrozenDictionary<ExitReason, uint> Primary = new Dictionary<ExitReason, uint>
    {
        [ExitReason.Hlt] = ProcControls.HltExiting,
        [ExitReason.Invlpg] = ProcControls.InvlpgExiting,
        [ExitReason.Invpcid] = ProcControls.InvlpgExiting,
        [ExitReason.Mwait] = ProcControls.MwaitExiting,
        [ExitReason.Rdpmc] = ProcControls.RdpmcExiting,
        [ExitReason.Rdtsc] = ProcControls.RdtscExiting,
        [ExitReason.Rdtscp] = ProcControls.RdtscExiting,
        [ExitReason.Umwait] = ProcControls.RdtscExiting,
        [ExitReason.Tpause] = ProcControls.RdtscExiting,
        [ExitReason.Monitor] = ProcControls.MonitorExiting,
        [ExitReason.Pause] = ProcControls.PauseExiting,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<ExitReason, uint> Secondary = new Dictionary<ExitReason, uint>
    {
        [ExitReason.WbinvdOrWbnoinvd] = ProcControls2.WbinvdExiting,
        [ExitReason.Rdrand] = ProcControls2.RdrandExiting,
        [ExitReason.Rdseed] = ProcControls2.RdseedExiting,
        [ExitReason.GdtrOrIdtrAccess] = ProcControls2.DescriptorTableExiting,
        [ExitReason.LdtrOrTrAccess] = ProcControls2.DescriptorTableExiting,
    }.ToFrozenDictionary();

    /// <summary>
    /// Whether the guest of <paramref name="v"/> exits on the instruction behind <paramref name="reason"/>.
    /// </summary>
    public static bool Exits(Vmcs v, ExitReason reason)
    {
        if (Unconditional.Contains(reason))
            return true;
        if (Primary.TryGetValue(reason, out uint primary))
            return (v.Dword(VmcsField.ProcBasedControls) & primary) != 0;
        if (Secondary.TryGetValue(reason, out uint secondary))
            return State.Core.IsSet(v, secondary);
        return reason == ExitReason.Pconfig && State.Core.IsSet(v, ProcControls2.EnablePconfig);
    }
}
