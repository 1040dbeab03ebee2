using System.Runtime.Intrinsics.X86;
using System.Runtime.CompilerServices;

namespace Seamsim.Tests.Isa.Native;

/// <summary>The processor the tests run on, one instruction at a time. One at a time in a process: its memory is fixed.</summary>
internal sealed unsafe class HostProcessor : IDisposable
{
    /// <summary>Offset on the code page; there is room around it for the targets of short branches.</summary>
    public const ulong InstructionAt = HostArena.Code + 0x400;

    private const byte Nop = 0x90, JumpNear = 0xE9;
    private const int JumpBytes = 5, Legacy = 512, HeaderBytes = 64;
    private const int Sse = 1, Avx = 2, Opmask = 5, ZmmHigh = 6, Zmm16 = 7;

    private readonly HostArena arena;
    private readonly HostSignals signals;
    private readonly Trampoline trampoline;
    private readonly HostFrame* frame;
    private readonly int[] offsets = new int[8];
    private readonly uint components;

    private HostProcessor(HostArena arena)
    {
        this.arena = arena;
        frame = (HostFrame*)HostArena.Frame;
        components = EnabledComponents() & 0xE7;
        for (int i = 2; i < offsets.Length; i++)
            offsets[i] = X86Base.CpuId(0xD, i).Ebx;
        trampoline = Trampoline.Write(InstructionAt, components);
        signals = new HostSignals(trampoline.SignalHandler, frame);
        new Span<byte>((void*)HostArena.Code, (int)HostArena.CodeBytes).Fill(Nop);
        WriteJump(HostArena.Code + HostArena.CodeBytes - JumpBytes, HostEnding.Elsewhere);
    }

    /// <summary>Null where the tests cannot run code of their own.</summary>
    public static HostProcessor? TryCreate()
    {
        const int osxsave = 1 << 27;
        if (!X86Base.IsSupported || (X86Base.CpuId(1, 0).Ecx & osxsave) == 0)
            return null;
        return HostArena.TryMap() is { } arena ? new HostProcessor(arena) : null;
    }

    /// <summary>XCR0: the components the operating system has enabled.</summary>
    public uint Components => components;

    public bool HasAvx512 => (components & 0xE0) == 0xE0;

    /// <summary>The memory window both processors start with.</summary>
    public Span<byte> Window => new((void*)HostArena.Window, HostArena.WindowBytes);

    /// <summary>Clears the registers the host does not have.</summary>
    public void Trim(ref ProcessorState state)
    {
        for (int i = 0; i < 32 * 8; i++)
            if (!HasAvx512 && (i >= 16 * 8 || (i & 7) >= 4) || (components & 4) == 0 && (i & 7) >= 2)
                state.Zmm[i] = 0;
        for (int i = 0; i < 8; i++)
            state.K[i] = HasAvx512 ? state.K[i] : 0;
    }

    /// <summary>
    /// Executes an instruction. <paramref name="branch"/> is where else it may go; false and the signal for a fault,
    /// with the state of then.
    /// </summary>
    public bool Run(ReadOnlySpan<byte> code, ref ProcessorState state, ulong branch, out int signal)
    {
        ulong end = InstructionAt + (ulong)code.Length;
        code.CopyTo(new Span<byte>((void*)InstructionAt, 16));
        WriteJump(end, HostEnding.FellThrough);
        if (branch != end)
            WriteJump(branch, HostEnding.Branched);
        Load(state);
        SignalMask others = HostSignals.HoldBack();
        ((delegate* unmanaged<void>)trampoline.Start)();
        HostSignals.LetCome(others);
        Store(ref state);
        signal = frame->RaisedSignal;
        state.Rip = frame->HowItEnded switch
        {
            HostEnding.FellThrough => end,
            HostEnding.Branched => branch,
            _ => 0,
        };
        new Span<byte>((void*)InstructionAt, code.Length + JumpBytes).Fill(Nop);
        if (branch != end)
            new Span<byte>((void*)branch, JumpBytes).Fill(Nop);
        return frame->HowItEnded != HostEnding.Faulted;
    }

    public void Dispose()
    {
        signals.Dispose();
        arena.Dispose();
    }

    private static uint EnabledComponents()
    {
        // XGETBV has no intrinsic: it runs from the code page
        byte* code = (byte*)HostArena.Code;
        ReadOnlySpan<byte> xgetbv = [0x31, 0xC9, 0x0F, 0x01, 0xD0, 0xC3];
        xgetbv.CopyTo(new Span<byte>(code, xgetbv.Length));
        return ((delegate* unmanaged<uint>)code)();
    }

    private void WriteJump(ulong at, HostEnding ending)
    {
        *(byte*)at = JumpNear;
        *(int*)(at + 1) = (int)(trampoline.Exits[(int)ending] - (at + JumpBytes));
    }

    private void Load(in ProcessorState state)
    {
        frame->HowItEnded = HostEnding.Elsewhere;
        frame->RaisedSignal = 0;
        frame->Rflags = state.Rflags;
        for (int i = 0; i < 16; i++)
            frame->Gprs[i] = state.Gpr[i];
        byte* image = frame->Image;
        new Span<byte>(image, Legacy + HeaderBytes).Clear();
        *(ulong*)(image + Legacy) = components;
        (*(ushort*)image, *(ushort*)(image + 2), *(ushort*)(image + 4)) = (state.Fcw, state.Fsw, state.Ftw);
        *(uint*)(image + 24) = state.Mxcsr;
        for (int i = 0; i < 16; i++)
            *(ulong*)(image + 32 + (i * 8)) = state.St[i];
        Transfer((ProcessorState*)Unsafe.AsPointer(ref Unsafe.AsRef(in state)), image, ulong.MaxValue, load: true);
    }

    private void Store(ref ProcessorState state)
    {
        state.Rflags = frame->Rflags;
        for (int i = 0; i < 16; i++)
            state.Gpr[i] = frame->Gprs[i];
        byte* image = frame->Image;
        (state.Fcw, state.Fsw, state.Ftw) = (*(ushort*)image, *(ushort*)(image + 2), *(ushort*)(image + 4));
        state.Mxcsr = *(uint*)(image + 24);
        for (int i = 0; i < 16; i++)
            state.St[i] = *(ulong*)(image + 32 + (i * 8));
        Transfer((ProcessorState*)Unsafe.AsPointer(ref state), image, *(ulong*)(image + Legacy), load: false);
    }

    /// <summary>Vector and mask registers between the image and the state; a component not present reads zero.</summary>
    private void Transfer(ProcessorState* state, byte* image, ulong present, bool load)
    {
        for (int i = 0; i < 16; i++)
        {
            Copy(image + 160 + (i * 16), state->Zmm + (i * 8), 2, Sse, present, load);
            Copy(image + offsets[Avx] + (i * 16), state->Zmm + (i * 8) + 2, 2, Avx, present, load);
        }
        if (!HasAvx512)
            return;
        for (int i = 0; i < 16; i++)
        {
            Copy(image + offsets[ZmmHigh] + (i * 32), state->Zmm + (i * 8) + 4, 4, ZmmHigh, present, load);
            Copy(image + offsets[Zmm16] + (i * 64), state->Zmm + ((i + 16) * 8), 8, Zmm16, present, load);
        }
        Copy(image + offsets[Opmask], state->K, 8, Opmask, present, load);
    }

    private static void Copy(byte* image, ulong* register, int qwords, int component, ulong present, bool load)
    {
        for (int i = 0; i < qwords; i++)
            if (load)
                ((ulong*)image)[i] = register[i];
            else
                register[i] = ((present >> component) & 1) != 0 ? ((ulong*)image)[i] : 0;
    }
}
