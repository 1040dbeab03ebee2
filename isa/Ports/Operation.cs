namespace Seamsim.Isa.Ports;

/// <summary>
/// Everything with a cost of its own that is not a plain instruction: mode transitions, VMX and key operations,
/// and the unit steps that managed code is charged by (D9: per operation, never per leaf).
/// </summary>
public enum Operation : byte
{
#pragma warning disable CS1591 // the names are instructions or say what they are
    Seamcall, Seamret, Tdcall, VmEntry, VmExit,
    Vmread, Vmwrite, Vmptrld, Vmclear, Invept, Invvpid,
    Rdmsr, Wrmsr, Cpuid, Rdtsc, Rdrand, Rdseed, Xsetbv, Xsaves, Xrstors, CrAccess, DrAccess,
    Pconfig, Seamops, Movdir64b, Clflushopt, WbnoinvdBlock,
    MemoryRead, MemoryWrite, LockedAccess, KeyholeMap,
    OperandCheck, PamtWalkLevel, SeptWalkLevel, MetadataAccess, RegisterSave, HashBlock, LeafDispatch,
    PageWalkReference, EptWalkReference, TlbFill, ExceptionDelivery, PortAccess, MmioAccess,
    PamtEntryInit, CpuidValue, L2Hit, L3Hit, DramAccess, MetadataRow, Wbinvd, Invlpg,
    StringLine, StringStep,
#pragma warning restore CS1591
}
