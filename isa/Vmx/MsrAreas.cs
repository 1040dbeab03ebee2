using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>
/// The MSR areas of VM entry and VM exit: 16-byte entries of index and data. SDM vol. 3C, 25.7.2, 27.4, 28.4, 28.6.
/// </summary>
internal static class MsrAreas
{
    private const int EntryBytes = 16;

    // IA32_VMX_MISC[27:25] of every model here recommends at most 512; a longer list is bounded by it.
    private const uint MaximumEntries = 512;

    /// <summary>VM exit: stores MSRs; false is a VMX abort.</summary>
    public static bool Store(Core core, Vmcs v)
    {
        uint count = v.Dword(VmcsField.ExitMsrStoreCount);
        if (count > MaximumEntries)
            return false;
        Span<byte> entry = stackalloc byte[EntryBytes];
        for (uint i = 0; i < count; i++)
        {
            Hpa at = new Hpa(v[VmcsField.ExitMsrStoreAddress]) + i * EntryBytes;
            core.Memory.Read(at, entry, core.InSeam);
            uint msr = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            bool reserved = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) != 0;
            if (reserved || IsX2Apic(msr) || !core.TryRdmsr(msr, out ulong value))
                return false;
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], value);
            core.Memory.Write(at + 8, entry[8..], core.InSeam);
        }
        return true;
    }

    /// <summary>Loads MSRs; on failure <paramref name="failed"/> is the 1-based number of the entry.</summary>
    public static bool Load(Core core, Vmcs v, VmcsField address, VmcsField counter, out uint failed)
    {
        uint count = v.Dword(counter);
        failed = Math.Min(count, MaximumEntries) + 1;
        if (count > MaximumEntries)
            return false;
        Span<byte> entry = stackalloc byte[EntryBytes];
        for (uint i = 0; i < count; i++)
        {
            failed = i + 1;
            core.Memory.Read(new Hpa(v[address]) + i * EntryBytes, entry, core.InSeam);
            uint msr = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) != 0 || IsForbidden(msr))
                return false;
            if (!core.TryWrmsr(msr, value))
                return false;
        }
        failed = 0;
        return true;
    }

    private static bool IsX2Apic(uint msr) => msr >> 8 == 8;

    private static bool IsForbidden(uint msr) =>
        IsX2Apic(msr) || msr is Msr.FsBase or Msr.GsBase or Msr.SmmMonitorCtl or Msr.MicrocodeUpdateTrigger
            or Msr.MicrocodeSignature;
}
