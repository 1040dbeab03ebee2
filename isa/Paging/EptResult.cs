namespace Seamsim.Isa.Paging;

/// <summary>What an access to a guest-physical address is about; bits combine.</summary>
[Flags]
public enum EptAccess : byte
{
#pragma warning disable CS1591 // the access itself
    None = 0, Read = 1, Write = 2, Fetch = 4,
#pragma warning restore CS1591

    /// <summary>The access reads or updates a guest paging structure, not the translated address itself.</summary>
    PageWalk = 8,

    /// <summary>The linear address is a user-mode address (its paging entries all have U/S set).</summary>
    UserPage = 16,

    /// <summary>No linear address belongs to the access (loading PDPTEs).</summary>
    NoLinear = 32,
}

/// <summary>How EPT translation ended.</summary>
public enum EptStatus : byte
{
    /// <summary>Translated.</summary>
    Ok,

    /// <summary>A VM exit (or a #VE) is recorded in the core; the access reports a fault.</summary>
    Fault,

    /// <summary>GPA bits above the shared bit are set in a TD with GPAW 48: the walker raises #PF with RSVD.</summary>
    ReservedBits,
}

/// <summary>Rights an EPT translation grants.</summary>
[Flags]
public enum EptRights : byte
{
#pragma warning disable CS1591 // the names say it
    None = 0, Read = 1, Write = 2, SupervisorExecute = 4, UserExecute = 8, All = 15,
#pragma warning restore CS1591
}

/// <summary>A translated guest-physical address.</summary>
/// <param name="Status">Whether the other members mean anything.</param>
/// <param name="Address">Host-physical address with the KeyID memory is accessed with.</param>
/// <param name="PageShift">12, 21 or 30: how far the translation holds (47 and more when EPT is off).</param>
/// <param name="Rights">What the translation allows beyond the access asked for.</param>
/// <param name="Dirty">Whether later writes need no second walk (D is set, or A/D flags are off).</param>
public readonly record struct EptResult(EptStatus Status, Hpa Address, int PageShift, EptRights Rights, bool Dirty);

/// <summary>
/// What a cached translation depends on besides linear address and CR3: entries of one context are invisible to
/// another. Two cores' contexts are never compared.
/// </summary>
/// <param name="NonRoot">VMX non-root operation.</param>
/// <param name="Seam">SEAM root or TD.</param>
/// <param name="Vpid">The current VPID; 0 in root operation or without VPID.</param>
/// <param name="Eptp">EPTP with the TD's HKID and the shared EPTP folded in; 0 without EPT.</param>
public readonly record struct TranslationContext(bool NonRoot, bool Seam, ushort Vpid, ulong Eptp);
