using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Runs;

/// <summary>
/// What only the simulator can see: state of TDs and of the module, read through their own keys. Looking costs the
/// simulated machine nothing.
/// </summary>
internal static class Inspection
{
    private const int RtmrCount = 4, MeasurementBytes = 48;

    /// <summary>RTMR0..3 of a TD as hex, or none when its control structures are gone.</summary>
    public static unsafe IReadOnlyList<string> Rtmrs(Machine machine, KvmTdx td)
    {
        if (machine.Kernel.Tdx.KeyIds is not { } keys || td.Tdr.Value == 0)
            return [];
        Core core = machine.Cores[0];
        ulong clock = core.Lp->Cycles;
        Isa.Probes.Observer? hidden = core.HideProbe();
        Isa.Ports.IOperationLedger? ledger = core.Ledger;
        Isa.Ports.ICacheTiming? caches = core.Caches;
        (core.Ledger, core.Caches) = (null, null);
        ISeamPlatform p = core.SeamPlatform;
        Tdcs tdcs = new(p, new Tdr(p, p.Keys.WithKey(td.Tdr, keys.Global)));
        List<string> rtmrs = [];
        byte[] page = machine.ScratchPages.Rent();
        Span<byte> value = page.AsSpan(0, MeasurementBytes);
        for (int i = 0; i < RtmrCount; i++)
        {
            core.Memory.Read(tdcs.Rtmr(i), value, inSeam: true);
            rtmrs.Add(Convert.ToHexStringLower(value));
        }
        core.ShowProbe(hidden);
        (core.Ledger, core.Caches) = (ledger, caches);
        core.Lp->Cycles = clock;
        machine.ScratchPages.GiveBack(page);
        return rtmrs;
    }

    /// <summary>Physical pages the PAMT says are neither free nor reserved, lowest first.</summary>
    public static List<(ulong Page, PageType Type)> PagesInUse(Machine machine)
    {
        List<(ulong, PageType)> used = [];
        if (machine.Kernel.Tdx.KeyIds is not { } keys)
            return used;
        Core core = machine.Cores[0];
        byte[] entries = machine.ScratchPages.Rent();
        foreach (Tdmr tdmr in machine.Kernel.Tdx.Tdmrs)
        {
            for (int level = 0; level < 3; level++)
            {
                int shift = 12 + (9 * level);
                for (ulong at = 0; at < tdmr.PamtSize[level]; at += (ulong)entries.Length)
                {
                    Hpa page = core.Memory.Keys.WithKey(new Hpa(tdmr.PamtBase[level] + at), keys.Global);
                    core.Memory.Read(page, entries, inSeam: true);
                    if (!entries.AsSpan().ContainsAnyExcept((byte)0))
                        continue;
                    Collect(used, entries, tdmr, at, shift);
                }
            }
        }
        machine.ScratchPages.GiveBack(entries);
        return used;
    }

    private static void Collect(List<(ulong, PageType)> used, byte[] entries, Tdmr tdmr, ulong at, int shift)
    {
        for (int i = 0; i < entries.Length; i += PamtEntry.Bytes)
        {
            PageType type = (PageType)entries[i + PamtEntry.Type];
            ulong page = tdmr.Base + (((at + (ulong)i) / PamtEntry.Bytes) << shift);
            if (type is not (PageType.Nda or PageType.Rsvd) && page < tdmr.End)
                used.Add((page, type));
        }
    }
}
