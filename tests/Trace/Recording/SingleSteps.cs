using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>What one instruction did, found out by stepping over it on another processor that nobody observes.</summary>
/// <param name="NextRip">Where the processor is afterwards.</param>
/// <param name="Registers">General registers before it.</param>
/// <param name="Accesses">Its data accesses: address, bytes, whether written, value.</param>
internal sealed record SingleStep(
    ulong NextRip, ulong[] Registers, IReadOnlyList<(ulong Address, int Bytes, bool Write, ulong Value)> Accesses)
{
    /// <summary>It also reads descriptors, between the accesses of its operands.</summary>
    public bool ReadsDescriptors { get; init; }
}

/// <summary>
/// Steps through a program, decoding each instruction anew from memory, and computes addresses from its operands and
/// values from memory itself. None of it goes through a probe.
/// </summary>
internal sealed unsafe class SingleSteps(EngineRig rig)
{
    private readonly InstructionInfoFactory information = new();

    /// <summary>The instructions that retire.</summary>
    public IEnumerable<SingleStep> Run(long instructions)
    {
        List<SingleStep> steps = [];
        while ((long)rig.Lp->Instructions < instructions && Step() is { } step)
            steps.Add(step);
        return steps;
    }

    private SingleStep? Step()
    {
        for (; ; )
        {
            ulong rip = rig.Lp->Rip;
            ulong[] before = new ReadOnlySpan<ulong>(rig.Lp->Gpr, 16).ToArray();
            Instruction instruction = Decode(rip);
            List<(ulong Address, int Bytes, bool Write, ulong Value)> accesses = Before(instruction, before);
            ulong retired = rig.Lp->Instructions;
            if (WillFault(instruction))
            {
                // the handler's first instruction retires in its place: what it accesses is found in its own registers
                RunEnd end = StepIntoHandler(out SingleStep handler);
                return end == RunEnd.Budget ? handler : null;
            }
            if (rig.Run(1) != RunEnd.Budget && rig.Lp->Instructions == retired)
                return null;
            After(instruction, before, accesses);
            return new SingleStep(rig.Lp->Rip, before, accesses) { ReadsDescriptors = instruction.Mnemonic == Mnemonic.Iretq };
        }
    }

    /// <summary>Enters the handler without executing any of it, by a budget that the fault leaves unspent.</summary>
    private RunEnd StepIntoHandler(out SingleStep step)
    {
        ulong frame = Decode(rig.Lp->Rip).Mnemonic == Mnemonic.Ud2 ? EngineRig.Handlers + 0x800 : EngineRig.Handlers + 0x900;
        ulong[] registers = new ReadOnlySpan<ulong>(rig.Lp->Gpr, 16).ToArray();
        bool error = frame == EngineRig.Handlers + 0x900;
        registers[4] = (registers[4] & ~15UL) - (error ? 48u : 40u);
        Instruction first = Decode(frame);
        ulong saved = rig.Lp->Rip;
        RunEnd end = rig.Run(1);
        List<(ulong, int, bool, ulong)> accesses = error ? [] : [(registers[4], 8, false, saved), (registers[4], 8, true, saved + 2)];
        Assert.That(rig.Lp->Rip, Is.EqualTo(first.NextIP));
        step = new SingleStep(rig.Lp->Rip, registers, accesses);
        return end;
    }

    private static bool WillFault(in Instruction instruction) =>
        instruction.Mnemonic == Mnemonic.Ud2 || (instruction.Mnemonic == Mnemonic.Mov && instruction.MemoryDisplacement64 == 0x500000);

    private Instruction Decode(ulong rip)
    {
        byte[] bytes = new byte[15];
        rig.Memory.Read(new Hpa(rip), bytes, false);
        Decoder decoder = Decoder.Create(64, bytes, rip);
        return decoder.Decode();
    }

    private List<(ulong, int, bool, ulong)> Before(in Instruction instruction, ulong[] registers)
    {
        List<(ulong, int, bool, ulong)> accesses = [];
        if (instruction.IsStringInstruction || instruction.Mnemonic == Mnemonic.Lea)
            return accesses;
        // reads before writes; the order of two reads is that of the operands
        foreach (UsedMemory memory in information.GetInfo(instruction).GetUsedMemory())
            if (memory.Access is OpAccess.Read or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
                accesses.Add((AddressOf(memory, registers, 0), memory.MemorySize.GetSize(), false,
                    Read(AddressOf(memory, registers, 0), memory.MemorySize.GetSize())));
        return accesses;
    }

    private void After(in Instruction instruction, ulong[] before, List<(ulong, int, bool, ulong)> accesses)
    {
        if (instruction.IsStringInstruction)
        {
            Repeated(instruction, before, accesses);
            return;
        }
        if (instruction.Mnemonic == Mnemonic.Lea)
            return;
        foreach (UsedMemory memory in information.GetInfo(instruction).GetUsedMemory())
        {
            bool writes = memory.Access is OpAccess.Write or OpAccess.ReadWrite;
            bool exchanged = memory.Access == OpAccess.ReadCondWrite && (rig.Core.Rflags & RflagsBit.Zf) != 0;
            if (!writes && !exchanged)
                continue;
            ulong address = AddressOf(memory, before, 0);
            accesses.Add((address, memory.MemorySize.GetSize(), true, Read(address, memory.MemorySize.GetSize())));
        }
    }

    private void Repeated(in Instruction instruction, ulong[] before, List<(ulong, int, bool, ulong)> accesses)
    {
        ulong count = before[1] - rig.Lp->Gpr[1];
        int bytes = instruction.Mnemonic == Mnemonic.Stosq ? 8 : 1;
        for (ulong i = 0; i < count; i++)
        {
            ulong to = before[7] + (i * (ulong)bytes);
            ulong value = instruction.Mnemonic == Mnemonic.Stosq ? before[0] : Read(to, 1);
            if (instruction.Mnemonic == Mnemonic.Movsb)
                accesses.Add((before[6] + i, 1, false, value));
            accesses.Add((to, bytes, true, value));
        }
    }

    private static ulong AddressOf(in UsedMemory memory, ulong[] registers, ulong none) => memory.Displacement
        + (memory.Base == Register.None ? none : registers[memory.Base.GetFullRegister() - Register.RAX])
        + (memory.Index == Register.None ? none : registers[memory.Index.GetFullRegister() - Register.RAX] * (ulong)memory.Scale);

    private ulong Read(ulong address, int bytes)
    {
        byte[] value = new byte[8];
        rig.Memory.Read(new Hpa(address), value.AsSpan(0, bytes), false);
        return BitConverter.ToUInt64(value);
    }
}
