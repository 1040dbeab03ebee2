using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDG.VP.VMCALL (leaf 0) — call the host VMM. TDX Module 1.5 ABI, "TDG.VP.VMCALL Leaf".</summary>
internal static class TdgVpVmcall
{
    // RCX: GPRs to pass in [15:0] without RAX, RCX and RSP; XMM registers in [31:16].
    private const ulong Reserved = 0xFFFF_FFFF_0000_0013, RbpBit = 1 << 5;

    public static GuestLeafEnd Execute(GuestCall g)
    {
        ulong reserved = (g.Tdcs.ConfigFlags & ConfigFlags.NoRbpMod) != 0 ? Reserved | RbpBit : Reserved;
        return (g.Call.Rcx & reserved) != 0 ? TdxStatus.OperandInvalid.With(OperandId.Rcx) : GuestLeafEnd.Vmcall;
    }
}
