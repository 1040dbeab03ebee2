using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// What firmware has done before an operating system runs: MCHECK clears the SEAM range and writes the SYSINFO page, the
/// NP-SEAMLDR makes the P-SEAMLDR callable.
/// </summary>
public static class SeamFirmware
{
    private const ulong PageBytes = 4096;

    /// <summary>
    /// Launches the P-SEAMLDR. False: there is no SEAM range, or more CMRs, sockets or LPs than it can have.
    /// </summary>
    /// <param name="cores">All logical processors of the platform, powered on.</param>
    /// <param name="cmrs">Convertible memory: base and size, 4-KiB granular, ascending.</param>
    /// <param name="code">Where the P-SEAMLDR's entry is registered.</param>
    /// <param name="loader">The P-SEAMLDR.</param>
    public static bool Launch(
        IReadOnlyList<Core> cores, IReadOnlyList<(ulong Base, ulong Bytes)> cmrs, ManagedCode code, PSeamldr loader)
    {
        Uncore uncore = cores[0].Uncore;
        SeamRange range = SeamRange.Of(cores[0]);
        if (!range.IsValid || cmrs.Count > SysInfoTable.MaxCmrs || cores.Count > PSeamldrRange.MaxLps
            || uncore.Model.Parameters.Packages > SysInfoTable.MaxSockets)
            return false;

        PhysicalMemory memory = uncore.Memory;
        for (ulong page = range.Base; page < range.Base + range.Bytes; page += PageBytes)
            memory.FillPage(new Hpa(page), 0, inSeam: true);
        WriteSysInfo(memory, range.Base, cores, cmrs);
        if (!NpSeamldr.TryLaunch(cores[0], code, loader))
            return false;
        new PSeamldrRange(range.SeamldrBase).Initialise(memory, cores[0].Apic.Id);
        return true;
    }

    private static void WriteSysInfo(
        PhysicalMemory memory, ulong seamrr, IReadOnlyList<Core> cores, IReadOnlyList<(ulong Base, ulong Bytes)> cmrs)
    {
        CpuParameters parameters = cores[0].Uncore.Model.Parameters;
        Hpa At(int offset) => new(seamrr + (ulong)offset);
        memory.Write(At(SysInfoTable.NumLps), (uint)cores.Count, inSeam: true);
        memory.Write(At(SysInfoTable.NumSockets), (uint)parameters.Packages, inSeam: true);
        foreach (Core core in cores)
            memory.Write(At(SysInfoTable.SocketCpuid + 4 * core.Package), core.Cpuid(1, 0).Eax, inSeam: true);
        memory.Write(At(SysInfoTable.Smrr2NotSupported), (byte)1, inSeam: true);
        memory.Write(
            At(SysInfoTable.TdxWithoutIntegrity), parameters.Integrity ? (byte)0 : (byte)1, inSeam: true);
        for (int i = 0; i < cmrs.Count; i++)
        {
            int entry = SysInfoTable.Cmr + i * SysInfoTable.CmrEntrySize;
            memory.Write(At(entry), cmrs[i].Base, inSeam: true);
            memory.Write(At(entry + 8), cmrs[i].Bytes, inSeam: true);
        }
        memory.Write(At(SysInfoTable.SeamStatus), (ulong)SeamStatusValue.PSeamldrReady, inSeam: true);
    }
}
