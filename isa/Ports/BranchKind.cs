namespace Seamsim.Isa.Ports;

/// <summary>Near branches as branch prediction tells them apart.</summary>
public enum BranchKind : byte
{
    /// <summary>None since the last block was entered.</summary>
    None,

    /// <summary>Jcc, LOOP, JRCXZ.</summary>
    Conditional,

    /// <summary>JMP with a displacement.</summary>
    Direct,

    /// <summary>JMP through a register or memory.</summary>
    Indirect,

    /// <summary>CALL with a displacement.</summary>
    Call,

    /// <summary>CALL through a register or memory.</summary>
    IndirectCall,

    /// <summary>RET.</summary>
    Return,
}
