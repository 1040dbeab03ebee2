using System.Globalization;
using System.Text;
using Seamsim.Firmware.Abi;

namespace Seamsim.Consistency;

/// <summary>
/// The bits of a TD's CPUID about which not everybody agrees, one row each: <c>cpuid-NAME.csv</c> of a run directory.
/// </summary>
internal static class ViewsTable
{
    private const string Header = "leaf,subleaf,register,bit,field,td,kvm,vmm,td_before,unknown_to_kvm\n";

    /// <summary>
    /// Every bit in which two views differ, that KVM does not support, or that an upgrade has changed; in the order of
    /// leaves.
    /// </summary>
    /// <param name="views">The views.</param>
    /// <param name="before">The TD's before an upgrade, or null: the column is empty.</param>
    /// <param name="fields">Names of the bits.</param>
    public static string Of(TdConsistency views, TdConsistency? before, CpuidFieldTable fields)
    {
        IEnumerable<CpuidBit> bits = [.. views.TdKvm, .. views.TdUser, .. views.KvmUser, .. views.UnknownToKvm];
        if (before is not null)
            bits = bits.Concat(views.DriftFrom(before));
        StringBuilder text = new(Header);
        foreach (CpuidBit bit in bits.Distinct().Order(CpuidBit.InOrder))
        {
            string name = fields.Find(bit.Leaf, bit.Subleaf, bit.Register, bit.Bit)?.Name ?? "";
            text.Append(CultureInfo.InvariantCulture, $"0x{bit.Leaf:x},{bit.Subleaf},{bit.RegisterName},{bit.Bit},{name},")
                .Append(CultureInfo.InvariantCulture, $"{One(views.Td, bit)},{One(views.Kvm, bit)},{One(views.User, bit)},")
                .Append(CultureInfo.InvariantCulture, $"{(before is null ? "" : One(before.Td, bit))},")
                .Append(views.UnknownToKvm.Contains(bit) ? "1\n" : "0\n");
        }
        return text.ToString();
    }

    private static string One(CpuidView view, CpuidBit bit) => view.Has(bit) ? "1" : "0";
}
