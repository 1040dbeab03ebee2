using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;

namespace Seamsim.Isa.Seam;

// Where accesses go in the memory hierarchy, when somebody models one. What is outside the SEAM range is reached through
// keyholes: page-table entries of the module that are mapped to one physical page after the other.
internal sealed partial class SeamPlatform
{
    private const ulong LineBytes = 64, PageBytes = 4096;

    private void Reach(Hpa address, int bytes, bool write)
    {
        if (core.Caches is not { } caches || bytes == 0)
            return;
        ulong last = address.Value + (ulong)bytes - 1;
        if (!core.Memory.InSeamRange(address))
            for (ulong page = address.Value & ~(PageBytes - 1); page <= last; page += PageBytes)
                if (caches.Maps(core, page))
                    core.ChargeOperation(Operation.KeyholeMap, page);
        for (ulong line = address.Value & ~(LineBytes - 1); line <= last; line += LineBytes)
            if (caches.Access(core, line, write) is { } found)
                core.ChargeOperation(found, line);
    }

    /// <summary>A whole page is stored directly, or flushed: none of its lines stays in a cache.</summary>
    private void LeaveCaches(Hpa page)
    {
        if (core.Caches is not { } caches)
            return;
        ulong first = page.Value & ~(PageBytes - 1);
        if (!core.Memory.InSeamRange(page) && caches.Maps(core, first))
            core.ChargeOperation(Operation.KeyholeMap, first);
        for (ulong line = first; line < first + PageBytes; line += LineBytes)
            caches.Drop(line);
    }
}
