using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// Exits due to events rather than instructions. TDX Module 1.5 Base, "Exceptions, interrupts and SMI".
/// </summary>
internal static class EventExits
{
    // SMI: a machine check signalled as SMI. Notify: the VM context is not valid. Both are qualification bit 0.
    private const ulong MsmiBit = 1, ContextInvalidBit = 1;

    /// <summary>
    /// NMIs are the host's, machine checks end the TD, other exceptions exit only where a debugger asked.
    /// </summary>
    public static ExitEnd ExceptionOrNmi(in VmExitInfo exit, bool debug)
    {
        if (exit.IsNmi)
            return exit.Report(TdxStatus.Success);
        if ((byte)exit.Interruption == (byte)Vector.MC)
            return exit.Report(TdxStatus.NonRecoverableTdNonAccessible);
        return debug ? exit.Report(TdxStatus.Success) : ExitEnd.Fatal;
    }

    /// <summary>An SMI is the host's; one that reports a machine check ends the TD.</summary>
    public static ExitEnd Smi(in VmExitInfo exit) => exit.Report(
        (exit.Qualification & MsmiBit) != 0 ? TdxStatus.NonRecoverableTdNonAccessible : TdxStatus.Success);

    /// <summary>An instruction timeout; without a valid context the TD cannot go on.</summary>
    public static ExitEnd Notify(in VmExitInfo exit) => exit.Report(
        (exit.Qualification & ContextInvalidBit) != 0 ? TdxStatus.NonRecoverableTd : TdxStatus.Success);
}
