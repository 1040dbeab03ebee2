using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>Why the guest state could not be loaded.</summary>
internal enum GuestStateFault : byte
{
    /// <summary>It could.</summary>
    None,

    /// <summary>WRMSR raised #GP.</summary>
    Msr,

    /// <summary>XSETBV, WRMSR of IA32_XSS or XRSTORS raised #GP.</summary>
    ExtendedState,
}

/// <summary>
/// Register state that neither the VMCS nor the general registers hold, between TDVPS and the processor.
/// TDX Module 1.5 Base, "TD Entry and Exit: guest state"; the order is module 1.5.01's.
/// </summary>
internal static class TdGuestState
{
    private const uint XssMsr = 0xDA0, XfdMsr = 0x1C4, SpecCtrlMsr = 0x48;
    private const int DebugRegisters = 4, Dr6 = 6, Cr2 = 2, XfdOffset = 0xAE8;
    private const ulong InitialDr6 = 0xFFFF0FF0;

    /// <summary>IA32_SPEC_CTRL while the module runs: SSBD and IPRED_DIS_S.</summary>
    public const ulong ModuleSpecCtrl = 0x14;

    /// <summary>Saves what a TD exit to the host must put away.</summary>
    public static void Save(Vcpu v, TdFeatures features)
    {
        ISeamPlatform p = v.P;
        Tdvps tdvps = v.Tdvps;
        foreach (TdGuestMsr row in v.C.Rules.GuestMsrs.Rows)
            if ((row.Feature & ~features) == 0)
                SaveMsrs(p, tdvps, row);
        tdvps.Cr2 = p.ReadCr(Cr2);
        for (int i = 0; i < DebugRegisters; i++)
            tdvps.SetDr(i, p.ReadDr(i));
        tdvps.Dr6 = p.ReadDr(Dr6);
        tdvps.Xcr0 = p.Xgetbv();
        OpenExtendedState(p, tdvps.Xfam);
        Xbuff.Save(v);
    }

    /// <summary>Loads the state of a virtual CPU before TD entry.</summary>
    /// <param name="v">The virtual CPU.</param>
    /// <param name="features">Which MSRs the TD owns.</param>
    /// <param name="msr">The MSR that raised #GP.</param>
    public static GuestStateFault Load(Vcpu v, TdFeatures features, out uint msr)
    {
        ISeamPlatform p = v.P;
        Tdvps tdvps = v.Tdvps;
        KeepVmmMsrs(v);
        p.WriteCr(Cr2, tdvps.Cr2);
        for (int i = 0; i < DebugRegisters; i++)
            p.WriteDr(i, tdvps.Dr(i));
        p.WriteDr(Dr6, tdvps.Dr6);
        foreach (TdGuestMsr row in v.C.Rules.GuestMsrs.Rows)
            if (row.Msr != XfdMsr && (row.Feature & ~features) == 0 && !TryLoadMsrs(p, tdvps, row, out msr))
                return GuestStateFault.Msr;
        msr = 0;
        return TryLoadExtendedState(v, features) ? GuestStateFault.None : GuestStateFault.ExtendedState;
    }

    /// <summary>
    /// Leaves nothing of the TD behind: extended state in its INIT configuration, MSRs at their INIT values or the
    /// VMM's.
    /// </summary>
    /// <param name="v">The virtual CPU.</param>
    /// <param name="features">Which MSRs the TD owned.</param>
    /// <param name="xfam">The components it owned.</param>
    /// <param name="passedXmm">XMM registers it passes to the host, by bit.</param>
    public static void Scrub(Vcpu v, TdFeatures features, ulong xfam, uint passedXmm)
    {
        ISeamPlatform p = v.P;
        Hpa scratch = v.Context.ScratchXsave;
        OpenExtendedState(p, xfam);
        ScratchXsave.WriteInit(p, scratch, xfam);
        if (passedXmm != 0)
            ScratchXsave.CopyXmm(p, Xbuff.FirstPage(v), scratch, passedXmm);
        p.TryXrstors(scratch, xfam);
        for (int i = 0; i < DebugRegisters; i++)
            p.WriteDr(i, 0);
        p.WriteDr(Dr6, InitialDr6);
        foreach (TdGuestMsr row in v.C.Rules.GuestMsrs.Rows)
        {
            ulong left = row.VmmSlot == 0 ? row.Init : v.Context.HostMsr(row.VmmSlot);
            for (uint i = 0; i < row.Count && (row.Feature & ~features) == 0; i++)
                if (p.TryRdmsr(row.Msr + i, out ulong value) && value != left)
                    p.TryWrmsr(row.Msr + i, left);
        }
    }

    /// <summary>Puts the TD's IA32_SPEC_CTRL away and protects the module with its own.</summary>
    public static void SwitchSpecCtrlToModule(Vcpu v)
    {
        if (v.P.TryRdmsr(SpecCtrlMsr, out ulong guest))
            v.P.Write(v.Tdvps.Field(TdGuestMsrs.SpecCtrlOffset), guest);
        ProtectModule(v.P);
    }

    /// <summary>Sets the module's own IA32_SPEC_CTRL.</summary>
    public static void ProtectModule(ISeamPlatform p) => WriteSpecCtrl(p, ModuleSpecCtrl);

    /// <summary>Gives the TD its IA32_SPEC_CTRL back.</summary>
    public static void SwitchSpecCtrlToGuest(Vcpu v) =>
        WriteSpecCtrl(v.P, v.P.Read<ulong>(v.Tdvps.Field(TdGuestMsrs.SpecCtrlOffset)));

    /// <summary>IA32_SPEC_CTRL as it is now; 0 where there is none.</summary>
    public static ulong ReadSpecCtrl(ISeamPlatform p) => p.TryRdmsr(SpecCtrlMsr, out ulong value) ? value : 0;

    /// <summary>Writes IA32_SPEC_CTRL when it differs.</summary>
    public static void WriteSpecCtrl(ISeamPlatform p, ulong value)
    {
        if (p.TryRdmsr(SpecCtrlMsr, out ulong now) && now != value)
            p.TryWrmsr(SpecCtrlMsr, value);
    }

    /// <summary>XCR0 and IA32_XSS open exactly the TD's components, which is also what the host finds.</summary>
    private static bool OpenExtendedState(ISeamPlatform p, ulong xfam) =>
        p.TryXsetbv(xfam & XfamBits.User) & p.TryWrmsr(XssMsr, xfam & XfamBits.Supervisor);

    private static bool TryLoadExtendedState(Vcpu v, TdFeatures features)
    {
        ISeamPlatform p = v.P;
        Tdvps tdvps = v.Tdvps;
        if (!OpenExtendedState(p, tdvps.Xfam) || !Xbuff.TryRestore(v))
            return false;
        if (!p.TryXsetbv(tdvps.Xcr0) || !p.TryWrmsr(XssMsr, p.Read<ulong>(tdvps.Field(TdGuestMsrs.XssOffset))))
            return false;
        return (features & TdFeatures.Xfd) == 0 || p.TryWrmsr(XfdMsr, p.Read<ulong>(tdvps.Field(XfdOffset)));
    }

    private static void KeepVmmMsrs(Vcpu v)
    {
        VpContext context = v.Context;
        foreach (TdGuestMsr row in v.C.Rules.GuestMsrs.Rows)
            if (row.VmmSlot != 0)
                context.SetHostMsr(row.VmmSlot, v.P.TryRdmsr(row.Msr, out ulong value) ? value : row.Init);
    }

    private static void SaveMsrs(ISeamPlatform p, Tdvps tdvps, TdGuestMsr row)
    {
        for (int i = 0; i < row.Count; i++)
            if (p.TryRdmsr(row.Msr + (uint)i, out ulong value))
                p.Write(tdvps.Field(row.Offset + 8 * i), value);
    }

    private static bool TryLoadMsrs(ISeamPlatform p, Tdvps tdvps, TdGuestMsr row, out uint failed)
    {
        for (int i = 0; i < row.Count; i++)
        {
            failed = row.Msr + (uint)i;
            ulong value = p.Read<ulong>(tdvps.Field(row.Offset + 8 * i));
            // A processor with fewer counters than the structure has room for keeps INIT values there.
            if (value == row.Init && !p.TryRdmsr(failed, out _))
                continue;
            if (!p.TryWrmsr(failed, value))
                return false;
        }
        failed = 0;
        return true;
    }
}
