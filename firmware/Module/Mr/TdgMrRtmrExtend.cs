using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.MR.RTMR.EXTEND (leaf 2) — extend a run-time measurement register. TDX Module 1.5 ABI,
/// "TDG.MR.RTMR.EXTEND Leaf".
/// </summary>
internal static class TdgMrRtmrExtend
{
    private const ulong Alignment = 64;

    /// <summary>How many there are.</summary>
    public const int Registers = 4;

    /// <summary>Runs the leaf.</summary>
    public static GuestLeafEnd Execute(GuestCall c)
    {
        LeafCall call = c.Call;
        if ((call.Rcx & (Alignment - 1)) != 0) return Invalid(OperandId.Rcx);
        GuestBuffer data = GuestBuffer.Map(c, new Gpa(call.Rcx), OperandId.Rcx, write: false, privateOnly: true);
        if (data.End is { } end)   return end;
        if (call.Rdx >= Registers) return Invalid(OperandId.Rdx);
        using LockHold rtmrs = LockHold.Of(
            call.P, c.Tdcs.RtmrLock, LockMode.Exclusive, OperandId.Rtmr, guest: true);
        if (rtmrs.Failed) return GuestLeafEnd.Completed(rtmrs.Status);

        // Commit: from here on the leaf cannot fail.
        Span<byte> input = stackalloc byte[2 * Sha384.DigestBytes];
        Span<byte> digest = stackalloc byte[Sha384.DigestBytes];
        Hpa register = c.Tdcs.Rtmr((int)call.Rdx);
        call.P.ReadBytes(register, input[..Sha384.DigestBytes]);
        call.P.ReadBytes(data.Address, input[Sha384.DigestBytes..]);
        SHA384.HashData(input, digest);
        call.P.Charge(Operation.HashBlock);
        call.P.WriteBytes(register, digest);
        Tdcs tdcs = c.Tdcs;
        tdcs.TeeInfoHashValid = false;
        return GuestLeafEnd.Completed(TdxStatus.Success);
    }

    private static GuestLeafEnd Invalid(OperandId operand) =>
        GuestLeafEnd.Completed(TdxStatus.OperandInvalid.With(operand));
}
