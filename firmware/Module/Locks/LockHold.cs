using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A host-priority lock held for a part of a leaf. Disposing it hands the release to the platform, which applies it
/// when the entry ends (D8); <see cref="Keep"/> leaves the lock held beyond the entry.
/// </summary>
internal sealed class LockHold : IDisposable
{
    private readonly ISeamPlatform platform;
    private readonly Hpa word;
    private readonly LockMode mode;
    private readonly OperandId operand;
    private readonly LockResult result;
    private bool held;

    private LockHold(ISeamPlatform platform, Hpa word, LockMode mode, OperandId operand, LockResult result)
    {
        (this.platform, this.word, this.mode, this.operand, this.result) = (platform, word, mode, operand, result);
        held = result == LockResult.Acquired && mode != LockMode.None;
    }

    /// <summary>Tries the lock; <see cref="LockMode.None"/> always succeeds and holds nothing.</summary>
    public static LockHold Of(ISeamPlatform p, Hpa word, LockMode mode, OperandId operand, bool guest = false) =>
        new(p, word, mode, operand,
            mode == LockMode.None ? LockResult.Acquired : HostPriorityLock.TryAcquire(p, word, mode, guest));

    /// <summary>Takes over a lock that an earlier entry left held with <see cref="Keep"/>.</summary>
    public static LockHold Resume(ISeamPlatform p, Hpa word, LockMode mode, OperandId operand) =>
        new(p, word, mode, operand, LockResult.Acquired);

    /// <summary>Whether the lock is busy.</summary>
    public bool Failed => result != LockResult.Acquired;

    /// <summary>OPERAND_BUSY or OPERAND_BUSY_HOST_PRIORITY about the operand.</summary>
    public TdxStatus Status => result switch
    {
        LockResult.Acquired => TdxStatus.Success,
        LockResult.Busy     => TdxStatus.OperandBusy.With(operand),
        _                   => TdxStatus.OperandBusyHostPriority.With(operand),
    };

    /// <summary>Leaves the lock held when the entry ends; a later entry resumes it.</summary>
    public void Keep() => held = false;

    /// <summary>Releases at once, inside the entry.</summary>
    public void ReleaseNow()
    {
        if (held)
            HostPriorityLock.ReleaseNow(platform, word, mode);
        held = false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (held)
            platform.ReleaseAtEnd(HostPriorityLock.Release(word, mode));
        held = false;
    }
}
