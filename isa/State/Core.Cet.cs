using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;

namespace Seamsim.Isa.State;

// Control-flow enforcement: which parts are on, and the ENDBRANCH tracker. SDM vol. 1, chapter 17.
public sealed unsafe partial class Core
{
    /// <summary>Code-space and block bits of code under shadow stacks and under indirect-branch tracking.</summary>
    internal const uint ShadowStackMode = 1, TrackingMode = 2;

    /// <summary>IA32_U_CET at level 3, else IA32_S_CET.</summary>
    internal ref ulong CetOf(int cpl) => ref cpl == 3 ? ref Lp->UCet : ref Lp->SCet;

    /// <summary>
    /// XSAVE component 11, IA32_U_CET and IA32_PL3_SSP: what WRMSR would take, else #GP(0) of XRSTORS. SDM vol. 1, 13.12.
    /// </summary>
    internal static bool IsLegalCetState(ReadOnlySpan<byte> image)
    {
        ulong cet = BinaryPrimitives.ReadUInt64LittleEndian(image), ssp = BinaryPrimitives.ReadUInt64LittleEndian(image[8..]);
        const ulong both = CetBit.Suppress | CetBit.Tracker;
        return IsWidestCanonical(cet) && (cet & CetBit.Reserved) == 0 && (cet & both) != both
            && IsWidestCanonical(ssp) && (ssp & 3) == 0;
    }

    private bool HasCet => (Lp->Cr4 & Cr4Bit.Cet) != 0 && !HasRealSegments;

    /// <summary>ShadowStackEnabled(CPL) of the manual.</summary>
    internal bool ShadowStackEnabled(int cpl) => HasCet && (CetOf(cpl) & CetBit.ShadowStack) != 0;

    /// <summary>EndbranchEnabled(CPL) of the manual.</summary>
    internal bool EndbranchEnabled(int cpl) => HasCet && (CetOf(cpl) & CetBit.Endbranch) != 0;

    /// <summary>What a block's key and the code space say about CET.</summary>
    internal uint CetMode =>
        (ShadowStackEnabled(Cpl) ? ShadowStackMode : 0) | (EndbranchEnabled(Cpl) ? TrackingMode : 0);

    /// <summary>The next instruction must be an ENDBRANCH.</summary>
    private bool AwaitsEndbranch => EndbranchEnabled(Cpl) && (CetOf(Cpl) & CetBit.Tracker) != 0;

    /// <summary>A near indirect CALL or JMP: waits for an ENDBRANCH unless it is suppressed, or not tracked (3EH).</summary>
    internal void TrackIndirect(in Instruction instruction)
    {
        if (!EndbranchEnabled(Cpl))
            return;
        ref ulong cet = ref CetOf(Cpl);
        bool untracked = instruction.SegmentPrefix == Register.DS && (cet & CetBit.NoTrack) != 0;
        if ((cet & CetBit.Suppress) == 0 && !untracked)
            cet |= CetBit.Tracker;
    }

    /// <summary>A far transfer or an event at its new level: waits, and no longer suppresses.</summary>
    internal void TrackFar()
    {
        if (EndbranchEnabled(Cpl))
            CetOf(Cpl) = (CetOf(Cpl) & ~CetBit.Suppress) | CetBit.Tracker;
    }

    /// <summary>ENDBR64 in 64-bit code, ENDBR32 elsewhere; the other one does nothing.</summary>
    internal void Endbranch(bool wide)
    {
        if (EndbranchEnabled(Cpl) && wide == LongMode64)
            CetOf(Cpl) &= ~(CetBit.Tracker | CetBit.Suppress);
    }

    /// <summary>
    /// The instruction at RIP, met while an ENDBRANCH is awaited; false: #CP(ENDBRANCH) is recorded. INT3 and INT1 pass,
    /// and legacy code pages of the bitmap go on without tracking. SDM vol. 1, 17.3.3 and 17.3.6.
    /// </summary>
    private bool MeetsEndbranch(Code code)
    {
        bool expected = code is Code.Int3 or Code.Int1 || code == (LongMode64 ? Code.Endbr64 : Code.Endbr32);
        if (expected)
            return true;
        ref ulong cet = ref CetOf(Cpl);
        if ((cet & CetBit.LegacyBitmap) != 0)
        {
            ulong page = (LongMode64 ? Lp->Rip : (uint)(Lp->Cs.Base + Lp->Rip)) >> 12;
            Span<byte> bits = stackalloc byte[1];
            if (!TryReadLinear(new Gva(Wrap((cet & CetBit.BitmapBase) + (page >> 3))), bits, Cpl))
                return false;
            if ((bits[0] >> (int)(page & 7) & 1) != 0)
            {
                cet &= ~CetBit.Tracker;
                cet |= (cet & CetBit.SuppressDisable) == 0 ? CetBit.Suppress : 0;
                return true;
            }
        }
        Raise(Vector.CP, CetBit.MissingEndbranch);
        return false;
    }
}
