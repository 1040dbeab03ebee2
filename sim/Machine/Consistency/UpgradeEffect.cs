using System.Globalization;

namespace Seamsim.Consistency;

/// <summary>
/// What an upgrade of the platform did to the TD of an unchanged program: bits that the TD itself sees differently, and
/// who knows about them.
/// </summary>
/// <param name="Lost">Bits that were 1 and are 0.</param>
/// <param name="Gained">Bits that were 0 and are 1.</param>
/// <param name="UserSees">The VMM believes the new values.</param>
/// <param name="KvmHolds">KVM's copy has the new values.</param>
/// <param name="KvmKnows">Every gained bit is one KVM supports.</param>
internal sealed record UpgradeEffect(
    IReadOnlyList<CpuidBit> Lost, IReadOnlyList<CpuidBit> Gained, bool UserSees, bool KvmHolds, bool KvmKnows)
{
    /// <summary>Bits that differ.</summary>
    public int Drift => Lost.Count + Gained.Count;

    /// <summary>In words: what happened, and whether the VMM sees it.</summary>
    public string Words
    {
        get
        {
            if (Drift == 0)
                return "unchanged";
            string lost = Lost.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"lost {Lost.Count}");
            string gained = Gained.Count == 0 ? ""
                : string.Create(CultureInfo.InvariantCulture, $"gained {Gained.Count}");
            string both = lost.Length > 0 && gained.Length > 0 ? $"{lost}, {gained}" : lost + gained;
            return both + (UserSees ? ", seen" : ", unseen");
        }
    }

    /// <summary>Compares a TD with the one the same program had before.</summary>
    public static UpgradeEffect Of(TdConsistency before, TdConsistency after)
    {
        CpuidBit[] drift = [.. after.DriftFrom(before)];
        CpuidBit[] gained = [.. drift.Where(after.Td.Has)];
        return new UpgradeEffect(
            [.. drift.Where(before.Td.Has)], gained,
            Array.TrueForAll(drift, bit => after.User.Has(bit) == after.Td.Has(bit)),
            Array.TrueForAll(drift, bit => after.Kvm.Has(bit) == after.Td.Has(bit)),
            Array.TrueForAll(gained, bit => !after.UnknownToKvm.Contains(bit)));
    }
}
