using Seamsim.Firmware.Abi;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDG.VP.VEINFO.GET (leaf 3) — fetch the #VE information. TDX Module 1.5 ABI, "TDG.VP.VEINFO.GET Leaf".
/// </summary>
internal static class TdgVpVeInfoGet
{
    public static GuestLeafEnd Execute(GuestCall g)
    {
        LeafCall c = g.Call;
        (c.Rcx, c.Rdx, c.R8, c.R9, c.R10) = (0, 0, 0, 0, 0);
        VeInfo info = new(c.P, g.Tdvps);
        if (!info.IsValid)
            return TdxStatus.NoValidVeInfo;

        VeDetails details = info.Fetch();
        c.Rcx = details.Reason;
        c.Rdx = details.Qualification;
        c.R8 = details.Gla;
        c.R9 = details.Gpa;
        c.R10 = details.InstructionLength | (ulong)details.InstructionInformation << 32;
        NmiWindow.Arrange(c.P, g.Tdvps); // an NMI that waited for this may come now
        return TdxStatus.Success;
    }
}
