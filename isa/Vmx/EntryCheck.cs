namespace Seamsim.Isa.Vmx;

/// <summary>Exit qualifications of VM-entry failures due to guest state. SDM vol. 3C, 27.8.</summary>
public enum EntryQualification : byte
{
#pragma warning disable CS1591 // named after the SDM's list
    None = 0, PdpteLoading = 2, NmiInjection = 3, VmcsLinkPointer = 4,
#pragma warning restore CS1591
}

/// <summary>
/// Marks a VM-entry check: one method, one rule. A check with an <see cref="Error"/> fails the instruction, one
/// without it checks guest state and ends in exit 33.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EntryCheckAttribute(string id, VmInstructionError error) : Attribute
{
    /// <summary>A check of guest state.</summary>
    public EntryCheckAttribute(string id, EntryQualification qualification = EntryQualification.None)
        : this(id, VmInstructionError.None) => Qualification = qualification;

    /// <summary>Area, field and rule, e.g. <c>guest.cr0.fixed</c>.</summary>
    public string Id { get; } = id;

    /// <summary>The VM-instruction error, or <see cref="VmInstructionError.None"/> for guest state.</summary>
    public VmInstructionError Error { get; } = error;

    /// <summary>Exit qualification of the failure.</summary>
    public EntryQualification Qualification { get; }
}
