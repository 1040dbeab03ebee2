using System.Runtime.InteropServices;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Where a walk of the Secure EPT ended.</summary>
/// <param name="Address">The entry in simulated memory, under the TD's HKID.</param>
/// <param name="Entry">The entry as read.</param>
/// <param name="Level">Its level.</param>
internal readonly record struct SeptSlot(Hpa Address, SeptEntry Entry, int Level);

/// <summary>
/// The Secure EPT of a TD: pages under the TD's HKID, its root in the TDCS. Every access is an access of the platform,
/// charged per level. TDX Module 1.5 base specification, "Secure EPT".
/// </summary>
/// <param name="Platform">The logical processor that walks.</param>
/// <param name="Root">The root page with the TD's HKID.</param>
/// <param name="TopLevel">3 with 4-level EPT, 4 with 5-level EPT.</param>
internal readonly record struct SeptTree(ISeamPlatform Platform, Hpa Root, int TopLevel)
{
    /// <summary>Entries of a SEPT page.</summary>
    public const int EntriesPerPage = 512;

    /// <summary>The key SEPT pages are encrypted with.</summary>
    public KeyId Key => Platform.Keys.KeyOf(Root);

    /// <summary>
    /// Walks towards the entry of <paramref name="level"/> that covers <paramref name="gpa"/>. The walk ends there, at
    /// an entry without permissions, or at a leaf further up.
    /// </summary>
    public SeptSlot Walk(Gpa gpa, int level)
    {
        Hpa table = Root;
        for (int at = TopLevel; ; at--)
        {
            Platform.Charge(Operation.SeptWalkLevel);
            Hpa address = table + 8 * ((gpa.Value >> (12 + 9 * at)) & (EntriesPerPage - 1));
            var entry = new SeptEntry(Platform.Read<ulong>(address));
            if (at <= level || !entry.IsPresent || entry.IsLeaf)
                return new SeptSlot(address, entry, at);
            table = PageOf(entry);
        }
    }

    /// <summary>The SEPT page a non-leaf entry points at, under the TD's HKID.</summary>
    public Hpa PageOf(SeptEntry entry) => Platform.Keys.WithKey(new Hpa(entry.TableAddress), Key);

    /// <summary>Whether every entry of the SEPT page <paramref name="table"/> is FREE.</summary>
    public bool AllFree(Hpa table)
    {
        Span<byte> page = stackalloc byte[EntriesPerPage * sizeof(ulong)];
        Platform.ReadBytes(table, page);
        foreach (ulong raw in MemoryMarshal.Cast<byte, ulong>(page))
            if (!new SeptEntry(raw).IsFree)
                return false;
        return true;
    }
}
