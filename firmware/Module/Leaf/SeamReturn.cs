using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>The module's way back to the host.</summary>
internal static class SeamReturn
{
    private const ulong SeamcallBytes = 4;

    /// <summary>
    /// Moves the host's RIP behind its SEAMCALL and asks the engine for SEAMRET. The transfer VMCS must be current: a
    /// leaf that made another one current has made it current again.
    /// </summary>
    public static SeamEnd ToHost(LeafCall c)
    {
        ISeamPlatform p = c.P;
        HostMsrs.Restore(c);
        p.Vmwrite(VmcsField.GuestRip, p.Vmread(VmcsField.GuestRip) + SeamcallBytes);
        return SeamEnd.SeamRet;
    }

    /// <summary>As <see cref="ToHost(LeafCall)"/>, with a completion status in RAX.</summary>
    public static SeamEnd ToHost(LeafCall c, TdxStatus status)
    {
        c.P.Gpr(0) = status.Value;
        return ToHost(c);
    }
}
