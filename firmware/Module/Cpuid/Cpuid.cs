using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Reading CPUID the way the module's table names it.</summary>
internal static class Cpuid
{
    public const uint FmsMask = 0x0FFF_3FFF;

    private const uint Stepping = 0xF, ExtendedBase = 0x8000_0000;

    /// <summary>The processor's answer for an entry; all zero when the leaf is above the processor's maximum.</summary>
    public static CpuidRegisters Native(ISeamPlatform p, CpuidEntry entry, uint maxBase, uint maxExtended)
    {
        if (!IsSupported(entry.Leaf, maxBase, maxExtended))
            return default;
        CpuidResult r = p.Cpuid(entry.Leaf, entry.Subleaf == CpuidEntry.NoSubleaf ? 0 : entry.Subleaf);
        return new CpuidRegisters(r.Eax, r.Ebx, r.Ecx, r.Edx);
    }

    /// <summary>Whether a leaf is not above the processor's maximum.</summary>
    public static bool IsSupported(uint leaf, uint maxBase, uint maxExtended) =>
        leaf <= (leaf < ExtendedBase ? maxBase : maxExtended);

    /// <summary>The lowest stepping over the sockets MCHECK saw.</summary>
    public static uint PlatformFms(ISeamPlatform p, Hpa sysInfo)
    {
        uint sockets = Math.Min(p.Read<uint>(sysInfo + SysInfoTable.NumSockets), SysInfoTable.MaxSockets);
        uint lowest = p.Read<uint>(sysInfo + SysInfoTable.SocketCpuid);
        for (uint i = 1; i < sockets; i++)
        {
            uint fms = p.Read<uint>(sysInfo + SysInfoTable.SocketCpuid + i * 4);
            if ((fms & Stepping) < (lowest & Stepping))
                lowest = fms;
        }
        return lowest & FmsMask;
    }

    public static CpuidResult ToResult(CpuidRegisters r) => new(r.Eax, r.Ebx, r.Ecx, r.Edx);

    public static CpuidRegisters ToRegisters(CpuidResult r) => new(r.Eax, r.Ebx, r.Ecx, r.Edx);
}
