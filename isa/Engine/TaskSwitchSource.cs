namespace Seamsim.Isa.Engine;

/// <summary>What caused a task switch, numbered as in the VM-exit qualification. SDM vol. 3C, table 28-2.</summary>
internal enum TaskSwitchSource
{
    Call = 0, Iret = 1, Jump = 2, Gate = 3,
}
