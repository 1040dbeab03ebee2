using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>Segment registers of virtual-8086 mode. SDM vol. 3A, 21.2; vol. 3C, 27.3.1.2.</summary>
internal static class Segments8086
{
    private const uint Rights = 0xF3, Limit = 0xFFFF;

    /// <summary>Base selector × 16, limit 64 KiB, a writable data segment of level 3.</summary>
    public static Segment Of(ushort selector) =>
        new() { Selector = selector, Base = (ulong)selector << 4, Limit = Limit, AccessRights = Rights };
}
