using System.Collections.Immutable;
using System.Reflection;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Vmx;

/// <summary>
/// What a check sees: the VMCS, the capabilities and the logical processor, short names for frequent fields.
/// </summary>
internal readonly record struct EntryContext(Core Core, Vmcs V, VmxCapabilities Cap)
{
    public uint Pin => V.Dword(VmcsField.PinBasedControls);

    public uint Proc => V.Dword(VmcsField.ProcBasedControls);

    public uint Exit => V.Dword(VmcsField.ExitControls);

    public uint Entry => V.Dword(VmcsField.EntryControls);

    public uint Injected => V.Dword(VmcsField.EntryInterruptionInformation);

    public bool Injects => (Injected & Interruption.Valid) != 0;

    public bool Ia32eGuest => (Entry & EntryControls.Ia32eModeGuest) != 0;

    public bool HostLong => (Exit & ExitControls.HostAddressSpaceSize) != 0;

    public ulong this[VmcsField field] => V[field];

    /// <summary>A secondary control that is active.</summary>
    public bool Has2(uint control) => Core.IsSet(V, control);

    /// <summary>Whether a physical address of the VMCS is aligned and within MAXPHYADDR.</summary>
    public bool IsAddress(VmcsField field, ulong alignment = 4096)
    {
        ulong address = V[field];
        return (address & (alignment - 1)) == 0 && address >> Cap.PhysicalAddressBits == 0;
    }

    /// <summary>Canonical for 57 bits when the model has 5-level paging, else for 48.</summary>
    public bool IsCanonical(VmcsField field)
    {
        int shift = (Cap.Cr4Fixed1 & Cr4Bit.La57) != 0 ? 7 : 16;
        ulong address = V[field];
        return (ulong)((long)(address << shift) >> shift) == address;
    }
}

/// <summary>A VM-entry check: true means the VMCS passes.</summary>
internal delegate bool EntryRule(in EntryContext c);

/// <summary>A row of the check table.</summary>
/// <param name="Rule">Id, error and qualification.</param>
/// <param name="Passes">The check.</param>
internal sealed record EntryCheckRow(EntryCheckAttribute Rule, EntryRule Passes);

/// <summary>
/// All VM-entry checks in the order they are made: controls, host state, guest state, each in the manual's order.
/// SDM vol. 3C, 27.2 and 27.3.1.
/// </summary>
internal static class EntryChecks
{
    /// <summary>Checks of controls and host state; they fail the instruction.</summary>
    public static ImmutableArray<EntryCheckRow> BeforeEntry { get; } =
        [.. Bind([.. EntryControlChecks.All, .. EntryInjectionChecks.All, .. EntryHostChecks.All])];

    /// <summary>Checks of guest state; they end in exit reason 33.</summary>
    public static ImmutableArray<EntryCheckRow> GuestState { get; } =
        [.. Bind([.. EntryGuestRegisterChecks.All, .. EntryGuestSegmentChecks.All,
            .. EntryGuestNonRegisterChecks.All])];

    /// <summary>The first check that <paramref name="v"/> fails, or null.</summary>
    public static EntryCheckRow? FirstViolation(Core core, Vmcs v, bool guestState)
    {
        var context = new EntryContext(core, v, core.Capabilities);
        foreach (EntryCheckRow row in guestState ? GuestState : BeforeEntry)
            if (!row.Passes(context))
                return row;
        return null;
    }

    private static IEnumerable<EntryCheckRow> Bind(EntryRule[] rules) =>
        rules.Select(r => new EntryCheckRow(r.Method.GetCustomAttribute<EntryCheckAttribute>()!, r));
}
