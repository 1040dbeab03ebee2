using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>Checks a buffer of the host's. TDX Module 1.5 base specification, "Shared memory operands".</summary>
internal static class SharedBuffer
{
    /// <summary>
    /// Aligned to its size, below the physical address limit, outside the SEAM range, and with a KeyID that is not
    /// private; otherwise OPERAND_INVALID about <paramref name="operand"/>.
    /// </summary>
    public static TdxStatus Check(LeafCall c, ulong address, ulong alignment, OperandId operand)
    {
        c.P.Charge(Operation.OperandCheck);
        return IsValid(c, address, alignment) ? TdxStatus.Success : TdxStatus.OperandInvalid.With(operand);
    }

    /// <summary>Whether <paramref name="address"/> passes <see cref="Check"/>.</summary>
    public static bool IsValid(LeafCall c, ulong address, ulong alignment)
    {
        if ((address & (alignment - 1)) != 0 || address >> c.P.Keys.PhysicalAddressBits != 0)
            return false;
        Hpa page = new(address);
        return c.P.Keys.KeyOf(page).Value < c.P.Keys.FirstPrivate
            && !OverlapsSeamRange(c, c.P.Keys.LineOf(page), alignment);
    }

    // The buffer may begin below the range and reach into it, or begin inside.
    private static bool OverlapsSeamRange(LeafCall c, ulong line, ulong bytes)
    {
        ulong start = c.Data.SysInfo.Value;
        return line - start < c.Data.SeamrrSize || start - line < bytes;
    }
}
