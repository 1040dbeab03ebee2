using Iced.Intel;
using Seamsim.Isa;

namespace Seamsim.Tests.Isa.Native;

/// <summary>The differences between what the two processors made of an instruction.</summary>
internal static unsafe class Comparison
{
    private const ulong Compared = 0xCD5; // the arithmetic flags and DF
    private static readonly string[] Names =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>Empty when they agree.</summary>
    public static List<string> Of(
        in Instruction i, in ProcessorState before, in ProcessorState ours, in ProcessorState hosts)
    {
        List<string> differences = [];
        Compare(differences, "rip", ours.Rip, hosts.Rip);
        ulong flags = Compared & ~Undefined.Flags(i, before);
        if (((ours.Rflags ^ hosts.Rflags) & flags) != 0)
            differences.Add($"flags {ours.Rflags & flags:X} not {hosts.Rflags & flags:X}");
        int skipped = Undefined.Destination(i, before, hosts.Rflags) && i.Op0Kind == OpKind.Register
            ? i.Op0Register.GetFullRegister() - Register.RAX : -1;
        for (int n = 0; n < 16; n++)
            if (n != skipped)
                Compare(differences, Names[n], ours.Gpr[n], hosts.Gpr[n]);
        return differences;
    }

    /// <summary>The first byte of the memory window that differs.</summary>
    public static void Memory(List<string> differences, ReadOnlySpan<byte> ours, ReadOnlySpan<byte> hosts)
    {
        int at = ours.CommonPrefixLength(hosts);
        if (at == ours.Length)
            return;
        int to = Math.Min(ours.Length, at + 16);
        differences.Add($"[{HostArena.Window + (ulong)at:X}] {Convert.ToHexString(ours[at..to])} not "
            + Convert.ToHexString(hosts[at..to]));
    }

    /// <summary>Whether a signal is what Linux makes of an exception.</summary>
    public static bool IsSame(Vector vector, int signal) => vector switch
    {
        Vector.UD => signal == HostSignals.Sigill,
        Vector.DE or Vector.MF or Vector.XM => signal == HostSignals.Sigfpe,
        Vector.DB or Vector.BP => signal == HostSignals.Sigtrap,
        _ => signal is HostSignals.Sigsegv or HostSignals.Sigbus,
    };

    private static void Compare(List<string> differences, string name, ulong ours, ulong hosts)
    {
        if (ours != hosts)
            differences.Add($"{name} {ours:X} not {hosts:X}");
    }
}
