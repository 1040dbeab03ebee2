using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

/// <summary>The registers a SEAMCALL takes; those not named stay zero.</summary>
public record struct SeamcallArguments
{
#pragma warning disable CS1591 // register names
    public ulong Rcx { get; set; }
    public ulong Rdx { get; set; }
    public ulong Rbx { get; set; }
    public ulong Rbp { get; set; }
    public ulong Rsi { get; set; }
    public ulong Rdi { get; set; }
    public ulong R8 { get; set; }
    public ulong R9 { get; set; }
    public ulong R10 { get; set; }
    public ulong R11 { get; set; }
    public ulong R12 { get; set; }
    public ulong R13 { get; set; }
    public ulong R14 { get; set; }
    public ulong R15 { get; set; }
#pragma warning restore CS1591
}

/// <summary>What a SEAMCALL left behind.</summary>
/// <param name="Status">
/// RAX, or a pseudo status of <see cref="SoftwareStatus"/> when the instruction itself failed.
/// </param>
/// <param name="Registers">The other registers.</param>
public readonly record struct SeamcallResult(TdxStatus Status, SeamcallArguments Registers)
{
    /// <summary>RCX on return.</summary>
    public ulong Rcx => Registers.Rcx;

    /// <summary>RDX on return.</summary>
    public ulong Rdx => Registers.Rdx;

    /// <summary>R8 on return.</summary>
    public ulong R8 => Registers.R8;

    /// <summary>Whether RAX is zero.</summary>
    public bool Ok => Status.Value == 0;

    /// <summary>Whether the leaf met a lock (status class TDX_OPERAND_BUSY, any operand).</summary>
    public bool Busy => Status.Is(TdxStatus.OperandBusy);
}

/// <summary>
/// Statuses the SEAMCALL wrapper makes up when the instruction did not reach the module: bit 63 and class 0xFF, a value
/// the module never returns. Linux arch/x86/include/asm/tdx.h.
/// </summary>
public static class SoftwareStatus
{
    private const ulong SwError = 0x8000_FF00_0000_0000;

    /// <summary>VMfailInvalid: no TDX module (or no P-SEAMLDR) is loaded.</summary>
    public static TdxStatus VmFailInvalid => new(SwError | 0xFFFF_0000);

    /// <summary>#UD: the processor is not in VMX root operation.</summary>
    public static TdxStatus Ud => new(SwError | 6);

    /// <summary>#GP: SEAM is not enabled.</summary>
    public static TdxStatus Gp => new(SwError | 13);

    /// <summary>Another exception of the instruction.</summary>
    public static TdxStatus Exception(int vector) => new(SwError | (uint)vector);

    /// <summary>Whether a status was made up by the wrapper.</summary>
    public static bool IsSoftware(TdxStatus status) => (status.Value & SwError) == SwError;

    /// <summary>What the kernel's init code makes of a nonzero status.</summary>
    public static Errno ToErrno(TdxStatus status)
    {
        if (status.Value == 0)
            return Errno.Ok;
        if (status == VmFailInvalid)
            return Errno.ENODEV;
        if (status == Gp)
            return Errno.EOPNOTSUPP;
        return status == Ud ? Errno.EACCES : Errno.EIO;
    }

    /// <summary>The name for logs: the module's, or the wrapper's own.</summary>
    public static string Describe(TdxStatus status)
    {
        if (status == VmFailInvalid)
            return "TDX_SEAMCALL_VMFAILINVALID";
        if (status == Gp)
            return "TDX_SEAMCALL_GP";
        return status == Ud ? "TDX_SEAMCALL_UD" : status.ToString();
    }
}
