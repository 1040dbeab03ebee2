using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// What firmware has done before an operating system runs: MCHECK writes the SYSINFO page, and the NP-SEAMLDR (an
/// authenticated code module) puts the P-SEAMLDR into its range and makes it callable.
/// </summary>
public static class NpSeamldr
{
    private const uint SeamrrBaseMsr = 0x1400, SeamrrMaskMsr = 0x1401, VmxBasic = 0x480;
    private const ulong PageBytes = 4096;

    /// <summary>Runs MCHECK and loads the P-SEAMLDR. False: no SEAM range, too many CMRs or sockets.</summary>
    /// <param name="cores">All logical processors of the platform, powered on.</param>
    /// <param name="cmrs">Convertible memory: base and size, 4-KiB granular, ascending.</param>
    /// <param name="code">Where the P-SEAMLDR's entry is registered.</param>
    /// <param name="loader">The P-SEAMLDR.</param>
    public static bool Launch(
        IReadOnlyList<Core> cores, IReadOnlyList<(ulong Base, ulong Bytes)> cmrs, ManagedCode code, PSeamldr loader)
    {
        Uncore uncore = cores[0].Uncore;
        CpuParameters parameters = uncore.Model.Parameters;
        if (parameters.SeamrrBytes == 0 || cmrs.Count > SysInfoTable.MaxCmrs
            || parameters.Packages > SysInfoTable.MaxSockets || cores.Count > PSeamldrRange.MaxLps)
            return false;
        cores[0].TryRdmsr(SeamrrBaseMsr, out ulong start);
        cores[0].TryRdmsr(SeamrrMaskMsr, out ulong mask);
        (ulong seamrr, ulong bytes) = SeamRange.Decode(start, mask, parameters.PhysicalAddressBits);

        PhysicalMemory memory = uncore.Memory;
        for (ulong page = seamrr; page < seamrr + bytes; page += PageBytes)
            memory.FillPage(new Hpa(page), 0, inSeam: true);
        WriteSysInfo(memory, seamrr, cores, cmrs);

        PSeamldrRange own = new(seamrr + bytes - SeamRangeLayout.PSeamldrRangeBytes);
        own.Initialise((at, value) => memory.Write(at, value, inSeam: true), cores[0].Apic.Id);
        WriteVmcs(memory, cores[0], own, seamrr);
        byte[] extend = SeamMeasurement.Encode([], [], [], 0, seamReady: false, pSeamldrReady: true);
        memory.Write(own.SeamExtend, extend, inSeam: true);
        uncore.Seam.Load(extend);
        code.Register(own.Entry.Value, new ManagedEntry(ManagedEntryKind.Seamcall, loader));
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

    private static void WriteVmcs(PhysicalMemory memory, Core core, PSeamldrRange own, ulong seamrr)
    {
        SeamPageTables tables = new(
            at => memory.Read<ulong>(at, inSeam: true, out _), (at, value) => memory.Write(at, value, inSeam: true),
            own.PageTables.Value, 8 * PageBytes);
        tables.MapLarge(
            SeamRangeLayout.LinearCode, own.Start, SeamRangeLayout.PSeamldrRangeBytes, write: true, execute: true);
        tables.Map(SeamRangeLayout.LinearSysInfo, seamrr, SysInfoTable.Size, write: false, execute: false);

        core.TryRdmsr(VmxBasic, out ulong basic);
        memory.Write(own.Vmcs, (uint)basic & 0x7FFF_FFFF, inSeam: true);
        Vmcs vmcs = new(memory, own.Vmcs);
        const ulong stackTop = SeamRangeLayout.LinearCode + 0x1F000;
        SeamVmcs.Write(
            vmcs.Store, msr => core.TryRdmsr(msr, out ulong value) ? value : 0,
            new SeamEntryState(
                tables.Root, SeamRangeLayout.LinearCode + PSeamldrRange.EntryOffset, stackTop, stackTop + 0x1000,
                SeamRangeLayout.LinearSysInfo, SeamRangeLayout.LinearCode, SeamRangeLayout.LinearCode + 0x20000));
    }
}
