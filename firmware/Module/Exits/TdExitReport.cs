using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// What TDH.VP.ENTER tells the host about an asynchronous TD exit. TDX Module 1.5 ABI, "TDH.VP.ENTER: TD exit".
/// </summary>
/// <param name="Status">Completion status; its details are replaced by the exit reason.</param>
/// <param name="Reason">VMX exit reason, all 32 bits.</param>
internal readonly record struct TdExitReport(TdxStatus Status, uint Reason)
{
    // Linear-address bits of an EPT-violation qualification say more about the TD than the host needs to know.
    private const ulong LinearAddressBits = 0x1F80;

    /// <summary>Exit qualification.</summary>
    public ulong Qualification { get; init; }

    /// <summary>Extended exit qualification.</summary>
    public ulong Extended { get; init; }

    /// <summary>Guest-physical address of EPT violations and misconfigurations.</summary>
    public Gpa Gpa { get; init; }

    /// <summary>VM-exit interruption information.</summary>
    public uint Interruption { get; init; }

    /// <summary>RIP has moved past the instruction: the next VP.ENTER may give a hint.</summary>
    public bool TrapLike { get; init; }

    /// <summary>An EPT violation the TD cannot resolve.</summary>
    public static TdExitReport EptViolation(Gpa gpa, ulong qualification, ulong extended) =>
        new(TdxStatus.Success, (uint)ExitReason.EptViolation)
        {
            Gpa = gpa, Qualification = qualification & ~LinearAddressBits, Extended = extended,
        };

    /// <summary>An EPT misconfiguration of shared memory.</summary>
    public static TdExitReport EptMisconfiguration(Gpa gpa) =>
        new(TdxStatus.Success, (uint)ExitReason.EptMisconfiguration) { Gpa = gpa };
}

/// <summary>What becomes of a TD exit.</summary>
internal enum ExitEndKind : byte
{
    /// <summary>The instruction was dealt with: RIP moves on and the TD goes on.</summary>
    Advance,

    /// <summary>The TD goes on at the same RIP, perhaps with an event.</summary>
    Resume,

    /// <summary>The host learns of it.</summary>
    ToHost,

    /// <summary>The host gets a TDG.VP.VMCALL.</summary>
    Vmcall,

    /// <summary>The module cannot go on.</summary>
    Fatal,
}

/// <summary>How the handler of a VM exit ended.</summary>
/// <param name="Kind">What happens next.</param>
/// <param name="Report">What the host learns.</param>
internal readonly record struct ExitEnd(ExitEndKind Kind, TdExitReport Report)
{
    /// <summary>See <see cref="ExitEndKind.Advance"/>.</summary>
    public static ExitEnd Advance => new(ExitEndKind.Advance, default);

    /// <summary>See <see cref="ExitEndKind.Resume"/>.</summary>
    public static ExitEnd Resume => new(ExitEndKind.Resume, default);

    /// <summary>See <see cref="ExitEndKind.Vmcall"/>.</summary>
    public static ExitEnd Vmcall => new(ExitEndKind.Vmcall, default);

    /// <summary>See <see cref="ExitEndKind.Fatal"/>.</summary>
    public static ExitEnd Fatal => new(ExitEndKind.Fatal, default);

    /// <summary>A TD exit to the host.</summary>
    public static implicit operator ExitEnd(TdExitReport report) => new(ExitEndKind.ToHost, report);
}
