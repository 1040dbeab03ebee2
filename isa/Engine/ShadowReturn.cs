using System.Buffers.Binary;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// The shadow-stack part of a far RET or IRET: the frame on the shadow stack must name the same target. SDM vol. 2, "RET"
/// and "IRET", ShadowStackEnabled paragraphs.
/// </summary>
internal unsafe ref struct ShadowReturn(Core core, ushort selector, ulong linear, bool wide)
{
    private PreparedWrite token;
    private ulong next, freed;
    private bool moves, frees;

    /// <summary>Checks the shadow frame and the stack returned to; false = fault recorded.</summary>
    /// <param name="cpl">The level returned to.</param>
    /// <param name="iret">IRET, which may leave the stack of an interrupt SSP table entry.</param>
    public bool TryPrepare(int cpl, bool iret)
    {
        int from = core.Cpl;
        ulong ssp = core.Lp->Ssp;
        if (core.ShadowStackEnabled(from))
        {
            if ((ssp & 7) != 0)
                return Refuse();
            if (cpl != 3 || from == 3)
            {
                if (!TryCheckFrame(ssp, from))
                    return false;
                ssp += Core.FarShadowBytes;
                moves = true;
            }
            bool leaves = cpl != from || (iret && core.LongModeActive && next != ssp);
            if (leaves && !TryPrepareFree(ssp, from))
                return false;
        }
        if (cpl == 3 && from != 3 && core.ShadowStackEnabled(3))
        {
            next = core.Lp->Pl3Ssp;
            moves = true;
        }
        if (!moves || wide || next >> 32 == 0)
            return true;
        core.RaiseGp0();
        return false;
    }

    /// <summary>Leaves the shadow stack.</summary>
    public readonly void Commit()
    {
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, freed);
        if (frees)
            core.Commit(token, raw);
        if (moves)
            core.Lp->Ssp = next;
    }

    private bool TryCheckFrame(ulong ssp, int from)
    {
        if (!core.TryLoadShadow(ssp + 16, 8, from, out ulong savedCs)
            || !core.TryLoadShadow(ssp + 8, 8, from, out ulong savedLinear)
            || !core.TryLoadShadow(ssp, 8, from, out next))
            return false;
        return (savedCs == selector && savedLinear == linear && (next & 3) == 0) || Refuse();
    }

    /// <summary>The token of the stack that is left becomes free when it is the busy one of that stack.</summary>
    private bool TryPrepareFree(ulong ssp, int from)
    {
        if ((ssp & 7) != 0)
            return true;
        if (!core.TryLoadShadow(ssp, 8, from, out ulong value) || !core.TryPrepareShadow(ssp, 8, from, out token))
            return false;
        frees = value == (ssp | CetBit.Busy);
        freed = ssp;
        return true;
    }

    private readonly bool Refuse()
    {
        core.Raise(Vector.CP, CetBit.FarReturn);
        return false;
    }
}
