using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// The shadow-stack part of a far CALL, a call gate or an event: everything that may fault is prepared before anything
/// changes. SDM vol. 2, "CALL" and "INT n", ShadowStackEnabled paragraphs; vol. 1, 17.2.5.
/// </summary>
internal unsafe ref struct ShadowEntry(Core core, ulong returnLinear)
{
    private readonly ushort oldCs = core.Lp->Cs.Selector;
    private readonly ulong oldSsp = core.Lp->Ssp;
    private PreparedWrite token, frame;
    private ulong top;
    private bool isOn, switches, frames, leavesUser;

    /// <summary>Checks the new shadow stack; false = fault recorded.</summary>
    /// <param name="cpl">The level entered.</param>
    /// <param name="interruptStack">Entry of the interrupt SSP table (the gate's IST), 0 for none.</param>
    /// <param name="wide">The target is 64-bit code; elsewhere SSP must lie below 4 GiB.</param>
    public bool TryPrepare(int cpl, int interruptStack, bool wide)
    {
        int from = core.Cpl;
        bool inner = cpl < from;
        leavesUser = inner && from == 3 && core.ShadowStackEnabled(3);
        isOn = core.ShadowStackEnabled(cpl);
        if (!isOn)
            return true;
        switches = inner || interruptStack != 0;
        frames = !(inner && from == 3);
        if (!TrySelect(cpl, inner, interruptStack))
            return false;
        if (!wide && top >> 32 != 0)
        {
            core.RaiseGp0();
            return false;
        }
        return (!switches || core.TryPrepareShadowToken(top, cpl, out token))
            && (!frames || core.TryPrepareShadowFrame(top, cpl, out frame));
    }

    /// <summary>Moves to the new shadow stack.</summary>
    public readonly void Commit()
    {
        if (leavesUser)
            core.Lp->Pl3Ssp = oldSsp;
        if (!isOn)
            return;
        if (switches)
            core.SetShadowBusy(token);
        if (frames)
            core.PushShadowFrame(frame, top, oldCs, returnLinear, oldSsp);
    }

    private bool TrySelect(int cpl, bool inner, int interruptStack)
    {
        top = inner ? core.SspOf(cpl) : oldSsp;
        if (interruptStack == 0)
            return true;
        Span<byte> raw = stackalloc byte[8];
        bool ok = core.TryReadSystem(new Gva(core.Lp->InterruptSspTable + (8 * (ulong)interruptStack)), raw);
        top = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        return ok;
    }
}
