using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Firmware;

/// <summary>Operand registers of a SEAMCALL; what is not named is 0.</summary>
internal readonly record struct SeamcallOperands(
    ulong Rcx = 0, ulong Rdx = 0, ulong R8 = 0, ulong R9 = 0, ulong R10 = 0, ulong R11 = 0, ulong R12 = 0,
        ulong R13 = 0);

/// <summary>All general registers after a SEAMCALL.</summary>
internal readonly record struct SeamcallResult(ulong[] Gprs)
{
    public TdxStatus Status => new(Gprs[0]);

    public ulong Rcx => Gprs[1];

    public ulong Rdx => Gprs[2];

    public ulong R8 => Gprs[8];

    public ulong R9 => Gprs[9];

    public ulong R10 => Gprs[10];

    public ulong R11 => Gprs[11];

    public ulong R12 => Gprs[12];

    public ulong R13 => Gprs[13];
}
