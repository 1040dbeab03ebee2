using System.Collections.Frozen;
using Iced.Intel;

namespace Seamsim.Timing.Dynamic;

/// <summary>
/// Instructions that are charged as a named operation when they execute (<see cref="Isa.Ports.Operation"/>): a block they
/// end does not pay for them again.
/// </summary>
internal static class NamedInstructions
{
    private static readonly FrozenSet<Mnemonic> Mnemonics = new[]
    {
        Mnemonic.Seamcall, Mnemonic.Seamret, Mnemonic.Seamops, Mnemonic.Tdcall,
        Mnemonic.Vmread, Mnemonic.Vmwrite, Mnemonic.Vmptrld, Mnemonic.Vmclear, Mnemonic.Vmlaunch, Mnemonic.Vmresume,
        Mnemonic.Invept, Mnemonic.Invvpid, Mnemonic.Invlpg,
        Mnemonic.Rdmsr, Mnemonic.Wrmsr, Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Rdrand, Mnemonic.Rdseed,
        Mnemonic.Xsetbv, Mnemonic.Pconfig, Mnemonic.Movdir64b, Mnemonic.Wbinvd, Mnemonic.Wbnoinvd,
        Mnemonic.Clflush, Mnemonic.Clflushopt, Mnemonic.Clwb, Mnemonic.In, Mnemonic.Out, Mnemonic.Clts, Mnemonic.Lmsw,
    }.ToFrozenSet();

    /// <summary>Whether the instruction has a cost of its own.</summary>
    public static bool Contains(in Instruction instruction) =>
        Mnemonics.Contains(instruction.Mnemonic)
        || (instruction.Op0Kind == OpKind.Register && (instruction.Op0Register.IsCR() || instruction.Op0Register.IsDR()));
}
