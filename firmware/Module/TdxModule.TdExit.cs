using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <content>Where TD exits go.</content>
public sealed partial class TdxModule
{
    private static SeamEnd HandleTdExit(LeafCall c) => TdExitHandler.Handle(c);
}
