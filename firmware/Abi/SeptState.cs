namespace Seamsim.Firmware.Abi;

/// <summary>States of a Secure-EPT entry. TDX Module 1.5 base specification, "Secure EPT Entry States".</summary>
public enum SeptState : byte
{
#pragma warning disable CS1591 // the specification's names
    FREE, REMOVED, NL_MAPPED, NL_BLOCKED, MAPPED, BLOCKED, BLOCKEDW, EXP_BLOCKEDW, EXP_DIRTY, EXP_DIRTY_BLOCKEDW,
    PENDING, PENDING_BLOCKED, PENDING_BLOCKEDW, PENDING_EXP_BLOCKEDW, PENDING_EXP_DIRTY, PENDING_EXP_DIRTY_BLOCKEDW,
#pragma warning restore CS1591

    /// <summary>Bits that no leaf ever writes.</summary>
    Invalid,
}

/// <summary>States of an L2 Secure-EPT entry. TDX Module 1.5 TD partitioning specification.</summary>
public enum L2SeptState : byte
{
#pragma warning disable CS1591 // the specification's names
    L2_FREE, L2_NL_MAPPED, L2_NL_BLOCKED, L2_MAPPED, L2_BLOCKED,
#pragma warning restore CS1591

    /// <summary>Bits that no leaf ever writes.</summary>
    Invalid,
}
