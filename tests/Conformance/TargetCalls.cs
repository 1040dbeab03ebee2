using System.Runtime.InteropServices;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>What can be said about any target: leaves by name, and the way to READY.</summary>
internal static class TargetCalls
{
    /// <summary>Calls a leaf by the ABI's name.</summary>
    public static SeamcallResult Seamcall(
        this IConformanceTarget target, string leaf, SeamcallOperands operands = default, int version = 0, int lp = 0)
    {
        LeafInfo info = LeafCatalog.Find(leaf) ?? throw new ArgumentException($"no leaf {leaf}", nameof(leaf));
        return target.Call((uint)info.Number | (ulong)version << 16, operands, lp);
    }

    /// <summary>Calls a leaf that must succeed.</summary>
    public static SeamcallResult Do(
        this IConformanceTarget target, string leaf, SeamcallOperands operands = default, int version = 0, int lp = 0)
    {
        SeamcallResult result = target.Seamcall(leaf, operands, version, lp);
        Assert.That(result.Status, Is.EqualTo(TdxStatus.Success), leaf);
        return result;
    }

    /// <summary>Calls a leaf that must succeed on the first logical processor of every package.</summary>
    public static void DoOnPackages(this IConformanceTarget target, string leaf, SeamcallOperands operands = default)
    {
        for (int lp = 0; lp < target.LpCount; lp++)
            if (lp == 0 || target.PackageOf(lp) != target.PackageOf(lp - 1))
                target.Do(leaf, operands, lp: lp);
    }

    /// <summary>The type PHYMEM.PAGE.RDMD reports for a page.</summary>
    public static PageType TypeOf(this IConformanceTarget target, ulong page) =>
        (PageType)target.Do("TDH.PHYMEM.PAGE.RDMD", new(Rcx: page)).Rcx;

    /// <summary>The TDR page as the module sees it.</summary>
    public static Tdr TdrOf(this IConformanceTarget target, ulong page) =>
        new(target.View(0), target.View(0).Keys.WithKey(new Hpa(page), new KeyId(target.GlobalHkid)));

    /// <summary>Writes TDMR_INFOs and the array of their addresses; returns the array's address.</summary>
    public static ulong WriteTdmrs(this IConformanceTarget target, params ulong[][] infos)
    {
        ulong array = target.HostPage();
        for (int i = 0; i < infos.Length; i++)
        {
            ulong info = target.HostPage();
            target.WriteHost(info, MemoryMarshal.AsBytes<ulong>(infos[i]));
            target.WriteHost(array + (ulong)i * 8, BitConverter.GetBytes(info));
        }
        return array;
    }

    /// <summary>SYS.INIT and SYS.LP.INIT everywhere: what TDH.SYS.CONFIG comes after.</summary>
    public static void Initialise(this IConformanceTarget target)
    {
        target.Do("TDH.SYS.INIT");
        for (int lp = 0; lp < target.LpCount; lp++)
            target.Do("TDH.SYS.LP.INIT", lp: lp);
    }

    /// <summary>TDH.SYS.CONFIG with TDMRs and the global HKID.</summary>
    public static SeamcallResult Configure(this IConformanceTarget target, params ulong[][] tdmrs) => target.Seamcall(
        "TDH.SYS.CONFIG", new(Rcx: target.WriteTdmrs(tdmrs), Rdx: (ulong)tdmrs.Length, R8: target.GlobalHkid));

    /// <summary>From an installed module to READY.</summary>
    public static void BringUp(this IConformanceTarget target)
    {
        target.Initialise();
        Assert.That(target.Configure(target.DefaultTdmr()).Status, Is.EqualTo(TdxStatus.Success));
        target.DoOnPackages("TDH.SYS.KEY.CONFIG");
        target.InitialiseTdmr();
    }
}
