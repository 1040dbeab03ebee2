using Iced.Intel;

namespace Seamsim.Timing.Blocks;

/// <summary>
/// What a form costs that is in no table: one ALU µop, and one load or store as its memory operand says, fused to one.
/// </summary>
internal static class UnknownForm
{
    public static MicroOps Cost(in Instruction instruction, PipelineParameters core, InstructionInfoFactory factory)
    {
        List<PortUse> ports = [new(core.SyncPorts, 1)];
        InstructionInfo info = factory.GetInfo(instruction);
        foreach (UsedMemory memory in info.GetUsedMemory())
        {
            if (memory.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
                ports.Add(new(core.LoadPorts, 1));
            if (memory.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
                ports.AddRange(core.StorePorts);
        }
        return new(1, 1, [.. ports]);
    }
}
