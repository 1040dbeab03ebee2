namespace Seamsim.Timing.Blocks;

/// <summary>Groups of status flags that are renamed together.</summary>
[Flags]
internal enum FlagGroups : byte
{
    None = 0,
    Carry = 1,
    Overflow = 2,
    Other = 4,
}
