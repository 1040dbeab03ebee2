using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// Builds what a module finds when it is first entered: page tables, SYSINFO, a transfer VMCS per logical processor.
/// A managed module needs no keyholes, so their page tables stay empty.
/// </summary>
internal readonly struct ModuleSpace(ISeamPlatform p, SeamRangeLayout layout, ulong aslr)
{
    private const uint VmxBasic = 0x480;

    private ulong LinearCode => SeamRangeLayout.LinearCode | aslr;

    private ulong LinearStacks => SeamRangeLayout.LinearStacks | aslr;

    private ulong LinearData => SeamRangeLayout.LinearData | aslr;

    private ulong LinearSysInfo => SeamRangeLayout.LinearSysInfo | aslr;

    /// <summary>Maps code, stacks, data and SYSINFO; answers CR3.</summary>
    public ulong MapAll()
    {
        SeamPageTables tables = new(p, layout.Paging, layout.PagingBytes);
        tables.MapLarge(LinearCode, layout.Code, layout.CodeRegionBytes, write: false, execute: true);
        tables.Map(LinearStacks, layout.Stacks, layout.StacksBytes, write: true, execute: false);
        tables.Map(LinearData, layout.Handoff, layout.DataBytes, write: true, execute: false);
        tables.Map(LinearSysInfo, layout.SysInfo, SysInfoTable.Size, write: false, execute: false);
        return tables.Root;
    }

    /// <summary>The upper half of the SYSINFO page.</summary>
    public void WriteSysInfo(SigStruct sigStruct, in ModulePayload payload, ulong canary)
    {
        Qword(SysInfoTable.SeamStatus, (ulong)SeamStatusValue.ModuleLoaded);
        Qword(SysInfoTable.CodeRegionBase, LinearCode);
        Qword(SysInfoTable.CodeRegionSize, layout.CodeRegionBytes);
        Qword(SysInfoTable.DataRegionBase, LinearData);
        Qword(SysInfoTable.DataRegionSize, layout.DataBytes);
        Qword(SysInfoTable.StackRegionBase, LinearStacks);
        Qword(SysInfoTable.StackRegionSize, layout.StacksBytes);
        Qword(SysInfoTable.KeyholeRegionBase, SeamRangeLayout.LinearKeyholes | aslr);
        Qword(SysInfoTable.KeyholeRegionSize, layout.KeyholeBytes);
        Qword(SysInfoTable.KeyholeEditRegionBase, SeamRangeLayout.LinearKeyholeEdit);
        Qword(SysInfoTable.KeyholeEditRegionSize, layout.KeyholeEditBytes);
        Qword(SysInfoTable.NumStackPages, (ulong)layout.Needs.NumStackPages);
        Qword(SysInfoTable.NumTlsPages, (ulong)layout.Needs.NumTlsPages);
        p.Write(At(SysInfoTable.ModuleHv), sigStruct.ModuleHv);
        p.Write(At(SysInfoTable.MinUpdateHv), sigStruct.MinUpdateHv);
        p.Write(At(SysInfoTable.NoDowngrade), sigStruct.NoDowngrade ? (byte)1 : (byte)0);
        p.Write(At(SysInfoTable.NumHandoffPages), (ushort)layout.Needs.NumHandoffPages);

        Qword(SysInfoTable.HandoffAddress, layout.Handoff);
        Qword(SysInfoTable.HandoffBytes, layout.HandoffBytes);
        Qword(SysInfoTable.LocalDataAddress, layout.LocalData);
        Qword(SysInfoTable.LocalDataStride, layout.LocalDataStride);
        Qword(SysInfoTable.GlobalDataAddress, layout.GlobalData);
        Qword(SysInfoTable.GlobalDataBytes, layout.GlobalDataBytes);
        Qword(SysInfoTable.CodeAddress, layout.Code);
        Qword(SysInfoTable.TdExitEntryOffset, payload.TdExitEntryOffset);
        p.Write(At(SysInfoTable.ModuleBuildDate), sigStruct.Date);
        p.Write(At(SysInfoTable.ModuleBuildNum), payload.BuildNum);
        p.Write(At(SysInfoTable.ModuleMajor), payload.Major);
        p.Write(At(SysInfoTable.ModuleMinor), payload.Minor);
        p.Write(At(SysInfoTable.ModuleUpdate), payload.Update);
        Qword(SysInfoTable.Canary, canary);
    }

    /// <summary>
    /// Makes the transfer VMCS of a logical processor. Leaves it cleared; another VMCS is then current.
    /// </summary>
    public void WriteTransferVmcs(int lp, ulong cr3, SigStruct sigStruct)
    {
        Hpa vmcs = new(layout.VmcsOf(lp));
        p.TryRdmsr(VmxBasic, out ulong basic);
        p.Write(vmcs, (uint)basic & 0x7FFF_FFFF);
        p.Vmclear(vmcs);
        p.Vmptrld(vmcs);
        SeamVmcs.Write(
            p,
            new SeamEntryState(
                cr3, LinearCode + sigStruct.RipOffset, layout.LinearStackTopOf(lp) | aslr,
                layout.LinearShadowStackTopOf(lp) | aslr, LinearSysInfo,
                LinearData + (layout.LocalDataOf(lp) - layout.Handoff), LinearCode + sigStruct.GdtIdtOffset));
        p.Vmclear(vmcs);
    }

    private Hpa At(int offset) => new(layout.SysInfo + (ulong)offset);

    private void Qword(int offset, ulong value) => p.Write(At(offset), value);
}
