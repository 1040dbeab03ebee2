using Seamsim.Configuration;
using Seamsim.Host;
using Seamsim.Host.Kernel;

namespace Seamsim;

/// <content>Raw SEAMCALLs.</content>
public sealed partial class Machine
{
    /// <summary>Executes SEAMCALL on a logical processor with exactly these registers.</summary>
    /// <param name="lp">Logical processor, 0-based.</param>
    /// <param name="registers">RAX, RCX, RDX, RBX, RSP (ignored), RBP, RSI, RDI, R8..R15.</param>
    /// <exception cref="MachineStoppedException">The run ended inside the call.</exception>
    public SeamcallAnswer Seamcall(int lp, IReadOnlyList<ulong> registers) => Execute(lp, cpu => Raw(cpu, registers));

    /// <summary>Executes SEAMCALL for a leaf; registers not named are zero.</summary>
    /// <param name="lp">Logical processor, 0-based.</param>
    /// <param name="leaf">Leaf name (<c>TDH.SYS.INFO</c>) or number.</param>
    /// <param name="registers">Register name (<c>rcx</c>) and value.</param>
    /// <exception cref="ArgumentException">There is no such leaf or register.</exception>
    /// <exception cref="MachineStoppedException">The run ended inside the call.</exception>
    public SeamcallAnswer Seamcall(int lp, string leaf, params IReadOnlyList<(string Name, ulong Value)> registers)
    {
        ulong[] values = new ulong[16];
        values[0] = Names.Leaf(leaf) ?? throw new ArgumentException($"{leaf} is no SEAMCALL leaf", nameof(leaf));
        foreach ((string name, ulong value) in registers)
        {
            int index = Scripts.Registers.IndexOf(name);
            if (index is < 0 or 4)
                throw new ArgumentException($"{name} is no operand register", nameof(registers));
            values[index] = value;
        }
        return Seamcall(lp, values);
    }

    private static async HostTask<SeamcallAnswer> Raw(ICpu cpu, IReadOnlyList<ulong> registers)
    {
        for (int i = 0; i < registers.Count; i++)
            if (i != 4)
                cpu.Gpr(i) = registers[i];
        ulong cycles = cpu.Cycles;
        await cpu.Execute(Stub.Seamcall);
        ulong[] after = new ulong[16];
        for (int i = 0; i < after.Length; i++)
            after[i] = cpu.Gpr(i);
        return new SeamcallAnswer(after, cpu.Rflags, cpu.StubException, cpu.Cycles - cycles);
    }
}
