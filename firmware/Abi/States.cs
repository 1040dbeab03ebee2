namespace Seamsim.Firmware.Abi;

#pragma warning disable CS1591 // the names are the ABI's

/// <summary>LIFECYCLE_STATE of a TD (TDR). TDX Module 1.5 base specification, "TD life cycle".</summary>
public enum Lifecycle : uint
{
    HkidAssigned = 0, KeysConfigured = 1, Blocked = 2, Teardown = 3,
}

/// <summary>OP_STATE of a TD (TDCS).</summary>
public enum OpState : uint
{
    Uninitialized = 0, Initialized = 1, Runnable = 2, LiveExport = 3, PausedExport = 4, PostExport = 5,
    MemoryImport = 6, StateImport = 7, PostImport = 8, LiveImport = 9, FailedImport = 10,
}

/// <summary>PAMT page types.</summary>
public enum PageType : byte
{
    /// <summary>Not assigned: free for the module.</summary>
    Nda = 0,
    /// <summary>Inside a reserved area of its TDMR.</summary>
    Rsvd = 1,
    Reg = 3, Tdr = 4,
    /// <summary>A TDCS page, or a TDVPS page other than the first.</summary>
    Tdcx = 5,
    Tdvpr = 6,
    /// <summary>A secure-EPT page.</summary>
    Ept = 8,
}

/// <summary>Page sizes as PAMT, SEPT and the ABI number them.</summary>
public enum PageLevel : byte
{
    Page4K = 0, Page2M = 1, Page1G = 2,
}

/// <summary>VCPU_STATE (TDVPS).</summary>
public enum VcpuState : byte
{
    Uninitialized = 0, Ready = 2, Active = 4, Disabled = 8, Import = 0x10,
}

/// <summary>LAST_TD_EXIT (TDVPS).</summary>
public enum LastTdExit : byte
{
    AsyncFault = 0, AsyncTrap = 1, TdVmcall = 2,
}

/// <summary>State of the whole module.</summary>
public enum SysState : byte
{
    SysInitPending = 0, SysInitDone = 1, SysConfigDone = 2, Ready = 3, Shutdown = 4,
}

/// <summary>State of a KeyID in the key ownership table.</summary>
public enum KeyState : byte
{
    Free = 0, Assigned = 1, Flushed = 2, Reserved = 3,
}

/// <summary>SERVTD_BINDING_STATE: what a slot of SERVTD_BINDINGS_TABLE holds.</summary>
public enum ServTdState : byte
{
    /// <summary>Nothing.</summary>
    NotBound = 0,

    /// <summary>The hash of a service TD that is still to come.</summary>
    PreBound = 1,

    /// <summary>A service TD.</summary>
    Bound = 2,
}
