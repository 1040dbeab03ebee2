using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>The VM-exit information fields of the TD VMCS. SDM vol. 3C, 25.9.</summary>
internal readonly record struct VmExitInfo
{
    private const uint EntryFailureBit = 1u << 31, BusLockBit = 1u << 26, NmiUnblockingBit = 1u << 12;
    private const uint ModifierMask = 0x7FFF_0000;

    /// <summary>Exit reason, all 32 bits.</summary>
    public uint Reason { get; private init; }

    /// <summary>Exit qualification.</summary>
    public ulong Qualification { get; private init; }

    /// <summary>VM-exit interruption information.</summary>
    public uint Interruption { get; private init; }

    /// <summary>VM-exit instruction length.</summary>
    public uint InstructionLength { get; private init; }

    /// <summary>VM-exit instruction information.</summary>
    public uint InstructionInformation { get; private init; }

    /// <summary>Basic exit reason.</summary>
    public ExitReason Basic => (ExitReason)Reason;

    /// <summary>The exit is a failed VM entry.</summary>
    public bool IsEntryFailure => (Reason & EntryFailureBit) != 0;

    /// <summary>A bus lock preceded the exit.</summary>
    public bool IsBusLockPreempted => (Reason & BusLockBit) != 0;

    /// <summary>
    /// Bits between basic reason and entry failure, the bus lock not counted: no production TD may show them.
    /// </summary>
    public uint OtherModifiers => Reason & ModifierMask & ~BusLockBit;

    /// <summary>Interruption type of an exception or NMI exit.</summary>
    public bool IsNmi => Basic == ExitReason.ExceptionOrNmi && (Interruption >> 8 & 7) == GuestEvent.Nmi;

    /// <summary>An IRET had unblocked NMIs when the exit struck it.</summary>
    public bool UnblockedNmi => Basic switch
    {
        ExitReason.EptViolation   => (Qualification & NmiUnblockingBit) != 0,
        ExitReason.ExceptionOrNmi => (Interruption & NmiUnblockingBit) != 0,
        _                         => false,
    };

    /// <summary>Reads the fields of the current VMCS.</summary>
    public static VmExitInfo Read(ISeamPlatform p) => new()
    {
        Reason = (uint)p.Vmread(VmcsField.ExitReason),
        Qualification = p.Vmread(VmcsField.ExitQualification),
        Interruption = (uint)p.Vmread(VmcsField.ExitInterruptionInformation),
        InstructionLength = (uint)p.Vmread(VmcsField.ExitInstructionLength),
        InstructionInformation = (uint)p.Vmread(VmcsField.ExitInstructionInformation),
    };

    /// <summary>The exit as the host sees it.</summary>
    public TdExitReport Report(Abi.TdxStatus status) => new(status, Reason)
    {
        Qualification = Qualification, Interruption = Interruption,
    };
}
