using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Native;

/// <summary>The interpreter as user code sees it: 64-bit mode, CPL 3, the same linear memory as on the host.</summary>
internal sealed unsafe class SimulatedProcessor : IDisposable
{
    private const int LongestRun = 64;
    private const byte Hlt = 0xF4;

    private readonly EngineRig rig;
    private readonly LogicalProcessor* initial;

    /// <param name="components">XCR0.</param>
    public SimulatedProcessor(uint components)
    {
        rig = new EngineRig(user: true, CpuModel.Load("sapphire-rapids", new CpuParameters()));
        rig.Lp->Cr4 |= Cr4Bit.Osfxsr | Cr4Bit.Osxmmexcpt | Cr4Bit.Osxsave;
        rig.Lp->Xcr0 = components;
        rig.Core.ModeChanged();
        initial = (LogicalProcessor*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)sizeof(LogicalProcessor));
        *initial = *rig.Lp;
    }

    public CpuModel Model => rig.Core.Model;

    /// <summary>
    /// Executes the instruction at <see cref="HostProcessor.InstructionAt"/> on registers and the memory window; false
    /// and its vector for an exception.
    /// </summary>
    public bool Run(ReadOnlySpan<byte> code, ref ProcessorState state, Span<byte> window, out Vector vector)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Fill(Hlt);
        code.CopyTo(bytes);
        rig.Memory.Write(new Hpa(HostProcessor.InstructionAt), bytes, false);
        rig.Memory.Write(new Hpa(HostArena.Window), window, false);
        Load(state);
        for (int i = 0; i < LongestRun && rig.Lp->Rip == HostProcessor.InstructionAt; i++)
            rig.Run(1); // a repeated string instruction may need more than one
        bool faulted = rig.StoppedAtVector >= 0;
        vector = faulted ? (Vector)rig.StoppedAtVector : default;
        Store(ref state);
        rig.Memory.Read(new Hpa(HostArena.Window), window, false);
        if (faulted)
            LeaveHandler();
        return !faulted;
    }

    public void Dispose()
    {
        System.Runtime.InteropServices.NativeMemory.Free(initial);
        rig.Dispose();
    }

    private void Load(in ProcessorState state)
    {
        LogicalProcessor* lp = rig.Lp;
        for (int i = 0; i < 16; i++)
            lp->Gpr[i] = state.Gpr[i];
        rig.Core.Rflags = state.Rflags;
        lp->Rip = HostProcessor.InstructionAt;
        fixed (ProcessorState* from = &state)
        {
            Copy(from->Zmm, lp->Zmm, 32 * 8);
            Copy(from->K, lp->K, 8);
            (lp->Mxcsr, lp->Fcw, lp->Fsw, lp->Ftw) = (from->Mxcsr, from->Fcw, from->Fsw, (byte)from->Ftw);
            for (int i = 0; i < 8; i++)
                Copy(from->St + (i * 2), lp->St + (Physical(i, from->Fsw) * 2), 2);
        }
    }

    private void Store(ref ProcessorState state)
    {
        LogicalProcessor* lp = rig.Lp;
        for (int i = 0; i < 16; i++)
            state.Gpr[i] = lp->Gpr[i];
        state.Rflags = rig.Core.Rflags;
        state.Rip = lp->Rip;
        fixed (ProcessorState* to = &state)
        {
            Copy(lp->Zmm, to->Zmm, 32 * 8);
            Copy(lp->K, to->K, 8);
            (to->Mxcsr, to->Fcw, to->Fsw, to->Ftw) = (lp->Mxcsr, lp->Fcw, lp->Fsw, lp->Ftw);
            for (int i = 0; i < 8; i++)
                Copy(lp->St + (Physical(i, to->Fsw) * 2), to->St + (i * 2), 2);
        }
    }

    /// <summary>The physical register that ST(i) is.</summary>
    private static int Physical(int i, ushort status) => ((status >> 11) + i) & 7;

    private static void Copy(ulong* from, ulong* to, int words) =>
        new ReadOnlySpan<ulong>(from, words).CopyTo(new Span<ulong>(to, words));

    private void LeaveHandler()
    {
        LogicalProcessor* lp = rig.Lp;
        (lp->Cs, lp->Ss, lp->Ds, lp->Es) = (initial->Cs, initial->Ss, initial->Ds, initial->Es);
        lp->Activity = ActivityState.Active;
        lp->InterruptShadow = 0;
        rig.Core.ModeChanged();
    }
}
