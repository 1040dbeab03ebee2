using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>TDG.VP.INFO (leaf 1) — the TD's configuration. TDX Module 1.5 ABI, "TDG.VP.INFO Leaf".</summary>
internal static class TdgVpInfo
{
    private const ulong WideAddresses = 52, NarrowAddresses = 48, SysRdAvailable = 1;

    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        c.Rcx = g.Tdcs.Gpaw ? WideAddresses : NarrowAddresses;
        c.Rdx = g.Tdcs.Attributes;
        c.R8 = g.Tdcs.NumVcpus | (ulong)g.Tdcs.MaxVcpus << 32;
        c.R9 = g.Tdvps.VcpuIndex;
        c.R10 = SysRdAvailable;
        c.R11 = 0;
        return TdxStatus.Success;
    }
}
