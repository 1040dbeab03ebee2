namespace Seamsim.Host.Kernel;

/// <summary>
/// What a system call ends with; the kernel returns the negative number. Linux uapi/asm-generic/errno*.h.
/// </summary>
public enum Errno
{
    /// <summary>Success.</summary>
    Ok = 0,

    /// <summary>Operation not permitted: a notifier vetoed it.</summary>
    EPERM = 1,

    /// <summary>Interrupted system call.</summary>
    EINTR = 4,

    /// <summary>I/O error: the TDX module answered something unexpected.</summary>
    EIO = 5,

    /// <summary>Argument list too long.</summary>
    E2BIG = 7,

    /// <summary>Try again.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied: not in VMX root operation.</summary>
    EACCES = 13,

    /// <summary>Bad user address.</summary>
    EFAULT = 14,

    /// <summary>Device or resource busy.</summary>
    EBUSY = 16,

    /// <summary>Already there.</summary>
    EEXIST = 17,

    /// <summary>No such device: the TDX module is not loaded.</summary>
    ENODEV = 19,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Not an ioctl of this file.</summary>
    ENOTTY = 25,

    /// <summary>No space left: KeyIDs, TDMRs or reserved areas are used up.</summary>
    ENOSPC = 28,

    /// <summary>Operation not supported: SEAM is not enabled.</summary>
    EOPNOTSUPP = 95,
}
