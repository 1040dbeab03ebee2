using System.Buffers.Binary;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Paging;

namespace Seamsim.Isa.State;

// Shadow-stack memory. SDM vol. 1, 17.2; vol. 3A, 4.6 ("shadow-stack accesses").
public sealed unsafe partial class Core
{
    /// <summary>Slots of a far CALL or an event: CS, linear return address, SSP before it.</summary>
    internal const int FarShadowBytes = 24;

    private const int LongestShadowWrite = 32;

    /// <summary>A shadow-stack load of 4 or 8 bytes with the rights of <paramref name="cpl"/>; false = fault recorded.</summary>
    internal bool TryLoadShadow(ulong address, int bytes, int cpl, out ulong value)
    {
        value = 0;
        Span<byte> raw = stackalloc byte[8];
        for (int done = 0; done < bytes;)
        {
            ulong at = Wrap(address + (ulong)done);
            int count = Math.Min(bytes - done, 0x1000 - (int)(at & 0xFFF));
            if (!IsReachable(at, 1, Unsegmented, write: false)
                || !TryTranslateShadow(at, Access.Read, cpl, out Translation translation)
                || !TryLoadBytes(translation.Address, raw.Slice(done, count)))
                return false;
            done += count;
        }
        value = BinaryPrimitives.ReadUInt64LittleEndian(raw);
        return true;
    }

    /// <summary>Checks and translates a shadow-stack store; false = fault recorded.</summary>
    internal bool TryPrepareShadow(ulong address, int bytes, int cpl, out PreparedWrite write)
    {
        write = default;
        Translation second = default;
        int split = Math.Min(bytes, 0x1000 - (int)(address & 0xFFF));
        if (!IsReachable(address, bytes, Unsegmented, write: true)
            || !TryTranslateShadow(address, Access.Write, cpl, out Translation first)
            || (split < bytes && !TryTranslateShadow(Wrap(address + (ulong)split), Access.Write, cpl, out second)))
            return false;
        write = new PreparedWrite(new Gva(address), first.Address, second.Address, split, Implicitly: false);
        return true;
    }

    /// <summary>Prepares the push of a near CALL: one slot of 4 or 8 bytes.</summary>
    internal bool TryPrepareShadowPush(int bytes, out PreparedWrite write) =>
        TryPrepareShadow(Lp->Ssp - (ulong)bytes, bytes, Cpl, out write);

    /// <summary>Makes a prepared push and moves SSP.</summary>
    internal void PushShadow(in PreparedWrite write, int bytes, ulong value)
    {
        Span<byte> raw = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, value);
        Commit(write, raw[..bytes]);
        Lp->Ssp = write.Address.Value;
    }

    /// <summary>The check of a near RET: the return address must be the one on the shadow stack, else #CP(NEAR-RET).</summary>
    internal bool TryPopShadow(int bytes, ulong target)
    {
        if (!TryLoadShadow(Lp->Ssp, bytes, Cpl, out ulong saved))
            return false;
        if (saved == target)
            return true;
        Raise(Vector.CP, CetBit.NearReturn);
        return false;
    }

    /// <summary>
    /// Prepares the shadow frame of a far CALL or event on the stack at <paramref name="top"/>, which is aligned down to
    /// 8 bytes with a zero doubleword above it.
    /// </summary>
    internal bool TryPrepareShadowFrame(ulong top, int cpl, out PreparedWrite write)
    {
        ulong start = (top & ~7UL) - FarShadowBytes;
        return TryPrepareShadow(start, (int)(top - start), cpl, out write);
    }

    /// <summary>Writes a far shadow frame; SSP points to its lowest slot afterwards.</summary>
    internal void PushShadowFrame(in PreparedWrite write, ulong top, ulong cs, ulong linear, ulong ssp)
    {
        Span<byte> raw = stackalloc byte[LongestShadowWrite];
        raw.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(raw, ssp);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[8..], linear);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[16..], cs);
        Commit(write, raw[..(int)(top - write.Address.Value)]);
        Lp->Ssp = write.Address.Value;
    }

    /// <summary>
    /// Whether a supervisor shadow stack may be taken: aligned, and with a free token at its top, else #GP(0). Its busy
    /// bit is set by <see cref="SetShadowBusy"/>.
    /// </summary>
    internal bool TryPrepareShadowToken(ulong ssp, int cpl, out PreparedWrite token)
    {
        token = default;
        if ((ssp & 7) != 0)
        {
            RaiseGp0();
            return false;
        }
        if (!TryLoadShadow(ssp, 8, cpl, out ulong value) || !TryPrepareShadow(ssp, 8, cpl, out token))
            return false;
        if (value == ssp)
            return true;
        RaiseGp0();
        return false;
    }

    /// <summary>Takes the stack whose token has been prepared.</summary>
    internal void SetShadowBusy(in PreparedWrite token)
    {
        ulong ssp = token.Address.Value;
        PushShadow(token, 8, ssp | CetBit.Busy);
    }

    /// <summary>IA32_PLn_SSP.</summary>
    internal ref ulong SspOf(int cpl)
    {
        switch (cpl)
        {
            case 0: return ref Lp->Pl0Ssp;
            case 1: return ref Lp->Pl1Ssp;
            case 2: return ref Lp->Pl2Ssp;
            default: return ref Lp->Pl3Ssp;
        }
    }

    private bool TryTranslateShadow(ulong address, Access access, int cpl, out Translation translation)
    {
        if ((Lp->Cr0 & Cr0Bit.Pg) == 0)
            return TryTranslate(address, access, cpl == 3, implicitly: false, out translation);
        ChargeOperation(Ports.Operation.TlbFill, address);
        return new PageWalk(this, address, access, cpl == 3, implicitly: false, shadow: true).TryRun(out translation);
    }
}
