namespace Seamsim.Firmware.Module;

/// <summary>How a lock is wanted.</summary>
internal enum LockMode : byte
{
    /// <summary>Not at all: somebody else's exclusive hold already protects the resource.</summary>
    None,

    Shared,
    Exclusive,
}

/// <summary>What trying a host-priority lock gave. Module locks never spin.</summary>
internal enum LockResult : byte
{
    Acquired,
    Busy,

    /// <summary>Free, but the host asked first: only a guest acquisition ends like this.</summary>
    HostPriority,
}
