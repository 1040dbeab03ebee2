using Iced.Intel;
using Seamsim.Isa;

namespace Seamsim.Tests.Isa.Native;

/// <summary>The differences between what the two processors made of an instruction.</summary>
internal static unsafe class Comparison
{
    private const ulong Compared = 0xCD5; // the arithmetic flags and DF
    private static readonly string[] Names =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    private static readonly string[] Masks = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"];

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
        fixed (ProcessorState* our = &ours, host = &hosts)
            Registers(differences, our, host, Undefined.StatusWord(i, hosts));
        return differences;
    }

    private static void Registers(List<string> differences, ProcessorState* ours, ProcessorState* hosts,
        ushort undefinedStatus)
    {
        for (int i = 0; i < 32; i++)
            Compare(differences, "zmm", i, ours->Zmm + (i * 8), hosts->Zmm + (i * 8), 64);
        for (int i = 0; i < 8; i++)
            Compare(differences, Masks[i], ours->K[i], hosts->K[i]);
        for (int i = 0; i < 8; i++)
            Compare(differences, "st", i, ours->St + (i * 2), hosts->St + (i * 2), 10);
        Compare(differences, "mxcsr", ours->Mxcsr, hosts->Mxcsr);
        Compare(differences, "fcw", ours->Fcw, hosts->Fcw);
        Compare(differences, "fsw", (ulong)(ours->Fsw & ~undefinedStatus), (ulong)(hosts->Fsw & ~undefinedStatus));
        Compare(differences, "ftw", ours->Ftw, hosts->Ftw);
    }

    private static void Compare(List<string> differences, string file, int number, ulong* ours, ulong* hosts, int bytes)
    {
        ReadOnlySpan<byte> our = new(ours, bytes), host = new(hosts, bytes);
        if (!our.SequenceEqual(host))
            differences.Add($"{file}{number} {Number(our)} not {Number(host)}");
    }

    /// <summary>Most significant byte first.</summary>
    private static string Number(ReadOnlySpan<byte> bytes)
    {
        byte[] reversed = bytes.ToArray();
        Array.Reverse(reversed);
        return Convert.ToHexString(reversed);
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
