using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>The L1 TD VMCS of a virtual CPU: initialisation and what changes with the logical processor.</summary>
internal static class TdVmcs
{
    private const uint RevisionMask = 0x7FFF_FFFF, VmxBasicMsr = 0x480;

    // RSP, SSP and GS base are this logical processor's own.
    private static readonly VmcsField[] LpDependent = [VmcsField.HostRsp, VmcsField.HostSsp, VmcsField.HostGsBase];

    /// <summary>The region's address, with the TD's HKID.</summary>
    public static Hpa AddressOf(Vcpu v) => AddressOf(v, 0);

    /// <summary>The region of L1 (0) or of an L2 VM, with the TD's HKID.</summary>
    public static Hpa AddressOf(Vcpu v, int vm) => v.Tdvps.Page(Tdvps.VmcsPageOf(vm));

    /// <summary>
    /// Initialises the VMCSs of L1 and of every L2 VM. The SEAM VMCS is current on entry and on return: the host state
    /// is copied from it.
    /// </summary>
    public static void Initialise(Vcpu v)
    {
        ISeamPlatform p = v.P;
        TdVmcsTable table = v.C.Rules.TdVmcs;
        ulong[] host = ReadSeamFields(p, table);
        for (int vm = 0; vm <= v.Tdcs.NumL2Vms; vm++)
            Initialise(p, AddressOf(v, vm), table, host, vm == 0 ? InputsOf(v) : InputsOfL2(v, vm));
        p.VmptrldTransferVmcs();
    }

    private static void Initialise(
        ISeamPlatform p, Hpa vmcs, TdVmcsTable table, ulong[] host, in TdVmcsInputs inputs)
    {
        p.TryRdmsr(VmxBasicMsr, out ulong basic);
        p.Write(vmcs, (uint)basic & RevisionMask);
        p.Vmclear(vmcs);
        p.Vmptrld(vmcs);
        for (int i = 0; i < table.Rows.Count; i++)
        {
            TdVmcsRow row = table.Rows[i];
            p.Vmwrite(row.Field, row.Source == TdVmcsSource.Seam ? host[i] : inputs.Value(row));
        }
    }

    /// <summary>
    /// Host state of this logical processor, read while the SEAM VMCS is current, for <see cref="WriteHostState"/>.
    /// </summary>
    public static (ulong Rsp, ulong Ssp, ulong GsBase) ReadHostState(ISeamPlatform p)
    {
        Span<ulong> values = stackalloc ulong[3];
        for (int i = 0; i < values.Length; i++)
            values[i] = p.TryVmread(LpDependent[i], out ulong value) ? value : 0;
        return (values[0], values[1], values[2]);
    }

    /// <summary>Writes the host state of this logical processor into the current TD VMCS.</summary>
    public static void WriteHostState(ISeamPlatform p, (ulong Rsp, ulong Ssp, ulong GsBase) host)
    {
        p.Vmwrite(VmcsField.HostRsp, host.Rsp);
        p.Vmwrite(VmcsField.HostSsp, host.Ssp);
        p.Vmwrite(VmcsField.HostGsBase, host.GsBase);
    }

    private static ulong[] ReadSeamFields(ISeamPlatform p, TdVmcsTable table)
    {
        ulong[] values = new ulong[table.Rows.Count];
        for (int i = 0; i < values.Length; i++)
        {
            TdVmcsRow row = table.Rows[i];
            if (row.Source == TdVmcsSource.Seam && p.TryVmread(row.Field, out ulong value))
                values[i] = value;
        }
        return values;
    }

    /// <summary>What the initial VMCS of this virtual CPU depends on.</summary>
    public static TdVmcsInputs InputsOf(Vcpu v)
    {
        Tdcs tdcs = v.Tdcs;
        return new TdVmcsInputs
        {
            Hkid = v.Tdr.Hkid.Value,
            Controls = v.C.Rules.Controls,
            Capabilities =
            [
                .. v.C.Rules.Controls.Rows.Select(row => v.P.TryRdmsr(row.Msr, out ulong value) ? value : 0),
            ],
            Fixed = PlatformState.FixedBits(v.P),
            Attributes = tdcs.Attributes,
            Xfam = tdcs.Xfam,
            Features = TdFeatureSet.Of(v.P, tdcs),
            Gpaw = tdcs.Gpaw,
            Eptp = tdcs.Eptp,
            TscOffset = tdcs.TscOffset,
            TscMultiplier = tdcs.TscMultiplier,
            SpecCtrlMask = tdcs.SpecCtrlMask,
            MsrBitmap = tdcs.Page(Tdcs.MsrBitmapPage).Value,
            ZeroPage = tdcs.Page(Tdcs.ZeroPage).Value,
            VirtualApic = v.Tdvps.Page(Tdvps.VapicPage).Value,
            VeInfo = v.Tdvps.Tdvpr.Value,
            TdExitEntry = PlatformState.TdExitEntry(v.C),
        };
    }

    /// <summary>
    /// What differs for an L2 VM. TDX Module 1.5 TD partitioning specification, "L2 VMCS"; its control words follow
    /// the TD's features only once L1 writes them (assumed).
    /// </summary>
    public static TdVmcsInputs InputsOfL2(Vcpu v, int vm) => InputsOf(v) with
    {
        Vm = vm,
        Controls = v.C.Rules.L2Controls,
        Eptp = TdTranslations.EptpOf(v.P, v.Tdcs, vm),
        MsrBitmap = v.Tdvps.Page(Tdvps.VmcsPageOf(vm) + 1).Value,
        VirtualApic = ulong.MaxValue,
        VeInfo = ulong.MaxValue,
    };
}
