namespace Seamsim.Isa.Vmx;

/// <summary>VM-instruction error numbers. SDM vol. 3C, table 31-1.</summary>
public enum VmInstructionError : byte
{
#pragma warning disable CS1591 // the SDM's sentences, shortened
    None = 0, VmcallInRoot = 1, VmclearInvalidAddress = 2, VmclearVmxonPointer = 3, VmlaunchNonClear = 4,
    VmresumeNonLaunched = 5, VmresumeAfterVmxoff = 6, EntryInvalidControls = 7, EntryInvalidHostState = 8,
    VmptrldInvalidAddress = 9, VmptrldVmxonPointer = 10, VmptrldWrongRevision = 11, UnsupportedField = 12,
    ReadOnlyField = 13, VmxonInRoot = 15, EntryInvalidExecutiveVmcs = 16, EntryBlockedByMovSs = 26,
    InvalidOperandToInveptInvvpid = 28,
#pragma warning restore CS1591
}
