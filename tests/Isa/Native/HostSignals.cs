using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Seamsim.Tests.Isa.Native;

/// <summary>
/// Takes the signals of processor faults for as long as it lives, so that a fault the simulator did not predict is a
/// finding and not the end of the test process. Whatever does not come from the code pages goes to the runtime.
/// </summary>
internal sealed unsafe partial class HostSignals : IDisposable
{
    public const int Sigill = 4, Sigtrap = 5, Sigbus = 7, Sigfpe = 8, Sigsegv = 11;

    // struct sigaction of Linux C libraries on x86-64: handler, 128 bytes of mask, flags, restorer
    private const int Bytes = 152, Flags = 136, Siginfo = 4, OnStack = 0x08000000, SetMask = 2;

    private static readonly int[] Faults = [Sigill, Sigtrap, Sigbus, Sigfpe, Sigsegv];

    private readonly List<(int Signal, byte[] Action)> before = [];

    public HostSignals(ulong handler, HostFrame* frame)
    {
        foreach (int signal in Faults)
        {
            byte[] old = new byte[Bytes];
            fixed (byte* to = old)
                _ = Sigaction(signal, null, to);
            before.Add((signal, old));
            frame->OldHandlers[signal] = BinaryPrimitives.ReadUInt64LittleEndian(old);
            byte[] action = [.. old];
            BinaryPrimitives.WriteUInt64LittleEndian(action, handler);
            int flags = BinaryPrimitives.ReadInt32LittleEndian(action.AsSpan(Flags)) | Siginfo | OnStack;
            BinaryPrimitives.WriteInt32LittleEndian(action.AsSpan(Flags), flags);
            fixed (byte* from = action)
                _ = Sigaction(signal, from, null);
        }
    }

    /// <summary>
    /// Gives the calling thread a stack for signals: the instruction may have made any number of RSP. Returns the one
    /// before, which <see cref="RestoreStack"/> takes.
    /// </summary>
    public static SignalStack UseStack(ulong at, ulong bytes)
    {
        SignalStack mine = new() { At = at, Bytes = bytes }, old;
        _ = Sigaltstack(&mine, &old);
        return old;
    }

    public static void RestoreStack(SignalStack old) => _ = Sigaltstack(&old, null);

    /// <summary>
    /// Holds back every signal but those of faults on the calling thread: the runtime interrupts threads with one, and its
    /// handler would run on whatever the instruction made of RSP. Returns the mask before, for <see cref="LetCome"/>.
    /// </summary>
    public static SignalMask HoldBack()
    {
        SignalMask all, old;
        new Span<ulong>(&all, sizeof(SignalMask) / sizeof(ulong)).Fill(ulong.MaxValue);
        foreach (int signal in Faults)
            all.First &= ~(1UL << (signal - 1));
        _ = Sigmask(SetMask, &all, &old);
        return old;
    }

    /// <summary>Ends <see cref="HoldBack"/>.</summary>
    public static void LetCome(SignalMask old) => _ = Sigmask(SetMask, &old, null);

    public void Dispose()
    {
        foreach ((int signal, byte[] action) in before)
            fixed (byte* from = action)
                _ = Sigaction(signal, from, null);
        before.Clear();
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Sigaction(int signal, byte* action, byte* old);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    private static partial int Sigmask(int how, SignalMask* set, SignalMask* old);

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int Sigaltstack(SignalStack* stack, SignalStack* old);
}

/// <summary>sigset_t of Linux C libraries: 1,024 bits.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct SignalMask
{
    public ulong First;
}

/// <summary>stack_t of Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SignalStack
{
    public ulong At;
    public int Flags;
    public ulong Bytes;
}
