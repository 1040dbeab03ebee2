namespace Seamsim.Host.Kvm.Uapi;

#pragma warning disable CS1591 // the names are those of linux/kvm.h and asm/kvm.h

/// <summary>Virtual machine types of KVM_CREATE_VM.</summary>
public enum KvmVmType : ulong
{
    Default = 0,
    Tdx = 5,
}

/// <summary>Capabilities this KVM knows. linux/kvm.h.</summary>
public enum KvmCap
{
    MaxVcpus = 66,
    SplitIrqchip = 121,
    ExitHypercall = 201,
    VmTypes = 235,
}

/// <summary>KVM_EXIT_* reasons. linux/kvm.h.</summary>
public enum KvmExit : uint
{
    Unknown = 0, Exception = 1, Io = 2, Hypercall = 3, Hlt = 5, Mmio = 6, Shutdown = 8, FailEntry = 9, Intr = 10,
    InternalError = 17, SystemEvent = 24, MemoryFault = 39, Tdx = 40,
}

/// <summary>Sub-commands of KVM_MEMORY_ENCRYPT_OP on a TD, whatever number a kernel gives them.</summary>
public enum TdxCommand
{
    Capabilities, InitVm, InitVcpu, InitMemRegion, FinalizeVm, GetCpuid,
}

/// <summary>Other numbers of the user interface.</summary>
public static class KvmUapi
{
    public const uint CpuidFlagSignificantIndex = 1;
    public const int MaxCpuidEntries = 256;
    public const uint MeasureMemoryRegion = 1;
    public const uint SystemEventTdxFatal = 7;
    public const uint InternalErrorUnexpectedExitReason = 4;
    public const ulong HypercallMapGpaRange = 12;
    public const int MaxVcpus = 1024;
}

/// <summary>Sub-function numbers and answers of TDG.VP.VMCALL. Guest-Host Communication Interface 1.5.</summary>
public static class Ghci
{
    public const ulong GetTdVmCallInfo = 0x10000, MapGpa = 0x10001, GetQuote = 0x10002, ReportFatalError = 0x10003,
                       SetupEventNotifyInterrupt = 0x10004;
    public const ulong Success = 0, Retry = 1, InvalidOperand = 0x8000_0000_0000_0000, GpaInUse = InvalidOperand + 1,
                       AlignError = InvalidOperand + 2, SubFuncUnsupported = InvalidOperand + 3;
}
