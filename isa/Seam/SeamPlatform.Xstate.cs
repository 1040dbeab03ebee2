using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Seam;

// Extended state. SDM vol. 1, 13.11 XSAVES and 13.12 XRSTORS, compacted format.
internal sealed unsafe partial class SeamPlatform
{
    private readonly byte[] scratch = new byte[16384];

    /// <inheritdoc/>
    public ulong Xgetbv() => core.Lp->Xcr0;

    /// <inheritdoc/>
    public bool TryXsetbv(ulong value)
    {
        core.ChargeOperation(Operation.Xsetbv, value);
        return core.TryWriteXcr0(value);
    }

    /// <inheritdoc/>
    public void Xsaves(Hpa area, ulong mask)
    {
        core.ChargeOperation(Operation.Xsaves, area.Value);
        mask &= Enabled;
        Span<byte> image = scratch.AsSpan(0, core.Model.Xsave.CompactedBytes(mask));
        Note(core.Memory.Read(area, image, inSeam: true));
        core.Extended.Save(image, mask);
        core.Memory.Write(area, image, inSeam: true);
    }

    /// <inheritdoc/>
    public bool TryXrstors(Hpa area, ulong mask)
    {
        core.ChargeOperation(Operation.Xrstors, area.Value);
        Span<byte> image = scratch.AsSpan(0, core.Model.Xsave.CompactedBytes(Enabled));
        Note(core.Memory.Read(area, image, inSeam: true));
        return core.Extended.TryRestore(image, mask & Enabled, Enabled);
    }

    private ulong Enabled => core.Lp->Xcr0 | core.Lp->Xss;
}
