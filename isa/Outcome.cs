namespace Seamsim.Isa;

/// <summary>How an instruction ended. Faults, VM exits and VMfail are values, never exceptions.</summary>
public enum Outcome : byte
{
    /// <summary>Done; the engine moves RIP to the next instruction.</summary>
    Next,

    /// <summary>Done; the instruction has set RIP itself (branch, VM entry, VM exit, mode switch).</summary>
    Jumped,

    /// <summary>An exception is pending in <see cref="State.Core.PendingFault"/>; RIP still names this instruction.</summary>
    Fault,

    /// <summary>Done, and the logical processor now waits (HLT, wait-for-SIPI); RIP is set.</summary>
    Halted,

    /// <summary>The logical processor is in shutdown (triple fault, unbreakable SEAM shutdown).</summary>
    Shutdown,
}

/// <summary>Exception vectors. SDM vol. 3A, table 6-1.</summary>
public enum Vector : byte
{
#pragma warning disable CS1591 // the manual's mnemonics say it
    DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10, NP = 11, SS = 12, GP = 13,
    PF = 14, MF = 16, AC = 17, MC = 18, XM = 19, VE = 20, CP = 21,
#pragma warning restore CS1591
}

/// <summary>Why the run loop of a logical processor came back.</summary>
public enum RunEnd : byte
{
    /// <summary>The instruction budget is spent or an event is due.</summary>
    Budget,

    /// <summary>RIP reached a host page registered as managed: host C# code goes on.</summary>
    HostReturn,

    /// <summary>HLT or another activity state without a pending event.</summary>
    Halted,

    /// <summary>Shutdown (triple fault or SEAM shutdown): the logical processor runs no further.</summary>
    Shutdown,

    /// <summary>A device asked for the end of the run; the instruction that reached it has retired.</summary>
    Stopped,
}
