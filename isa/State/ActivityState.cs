namespace Seamsim.Isa.State;

/// <summary>What a logical processor does. Numbered as in the VMCS guest activity state. SDM vol. 3C, 24.4.2.</summary>
public enum ActivityState : byte
{
    /// <summary>Executes instructions.</summary>
    Active = 0,

    /// <summary>Executed HLT.</summary>
    Hlt = 1,

    /// <summary>Triple fault or another condition that only a reset ends.</summary>
    Shutdown = 2,

    /// <summary>After INIT: waits for a start-up IPI.</summary>
    WaitForSipi = 3,
}
