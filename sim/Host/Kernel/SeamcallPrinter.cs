using System.Globalization;
using System.Text;
using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

/// <summary>
/// Kernel log lines for SEAMCALLs that failed (patch 05): the line Linux prints, then the decoded status and operands.
/// </summary>
/// <remarks>Like pr_err_ratelimited, at most <see cref="Burst"/> failures of a leaf in a row are printed.</remarks>
public sealed class SeamcallPrinter(IHostPlatform platform)
{
    /// <summary>Failures of one leaf that are printed; further ones are counted only.</summary>
    public const int Burst = 10;

    private readonly SortedDictionary<SeamcallLeaf, int> printed = [];

    /// <summary>Failures that were not printed because of the rate limit.</summary>
    public int Suppressed { get; private set; }

    /// <summary>
    /// Prints a failure with as many of RCX, RDX, R8 as <paramref name="outputs"/> says carry details.
    /// </summary>
    public void Print(
        ICpu cpu, SeamcallLeaf leaf, in SeamcallArguments arguments, in SeamcallResult result, int outputs = 0)
    {
        int count = printed.GetValueOrDefault(leaf) + 1;
        printed[leaf] = count;
        if (count > Burst)
        {
            Suppressed++;
            return;
        }
        platform.Log(cpu, "kvm_intel: " + Failure(leaf, result, outputs));
        platform.Log(cpu, "kvm_intel:   " + Decoded(leaf, arguments, result));
    }

    /// <summary>The line Linux prints.</summary>
    public static string Failure(SeamcallLeaf leaf, in SeamcallResult result, int outputs)
    {
        StringBuilder line = new($"SEAMCALL {leaf} failed: {Hex(result.Status.Value)}");
        ReadOnlySpan<ulong> values = [result.Rcx, result.Rdx, result.R8];
        string[] names = ["rcx", "rdx", "r8"];
        for (int i = 0; i < outputs; i++)
            line.Append(CultureInfo.InvariantCulture, $", {names[i]} {Hex(values[i])}");
        return line.ToString();
    }

    /// <summary>The status in the ABI's words, and what the leaf was asked.</summary>
    public static string Decoded(SeamcallLeaf leaf, in SeamcallArguments arguments, in SeamcallResult result) =>
        $"{SoftwareStatus.Describe(result.Status)}; {NameOf(leaf)} took rcx {Hex(arguments.Rcx)}, "
        + $"rdx {Hex(arguments.Rdx)}, r8 {Hex(arguments.R8)}, r9 {Hex(arguments.R9)}";

    /// <summary>The ABI's name of a leaf, e.g. <c>TDH.MNG.CREATE</c>.</summary>
    public static string NameOf(SeamcallLeaf leaf)
    {
        LeafSide side = leaf >= SeamcallLeaf.SEAMLDR_INFO ? LeafSide.Seamldr : LeafSide.Host;
        return LeafCatalog.Find(side, (int)((ulong)leaf & 0xFFFF))?.Name ?? leaf.ToString();
    }

    private static string Hex(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
