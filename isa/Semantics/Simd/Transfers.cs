using System.Numerics;
using System.Runtime.Intrinsics;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

// Moves of elements between registers of different kinds and sizes. SDM vol. 2.

/// <summary>PMOVSXxx and PMOVZXxx: signed or unsigned by the type.</summary>
internal readonly unsafe struct Extend<TFrom, TTo> : IWholeOperation
    where TFrom : unmanaged, IBinaryInteger<TFrom> where TTo : unmanaged, IBinaryInteger<TTo>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes / sizeof(TTo); i++)
            ((TTo*)d)[i] = TTo.CreateTruncating(((TFrom*)rm)[i]);
    }
}

/// <summary>VPBROADCASTx, VBROADCASTxx: T is what is repeated.</summary>
internal readonly unsafe struct Broadcast<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        T value = *(T*)rm;
        for (int i = 0; i < bytes / sizeof(T); i++)
            ((T*)d)[i] = value;
    }
}

/// <summary>PINSRx, VINSERTxx: the first source with one part replaced; T is the part.</summary>
internal readonly unsafe struct Insert<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        for (int i = 0; i < bytes; i += 8)
            *(ulong*)(d + i) = *(ulong*)(a + i);
        ((T*)d)[imm & (uint)((bytes / sizeof(T)) - 1)] = *(T*)rm;
    }
}

/// <summary>PEXTRx, EXTRACTPS, VEXTRACTxx: one part of the operand.</summary>
internal readonly unsafe struct Extract<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        *(T*)d = ((T*)rm)[imm & (uint)((bytes / sizeof(T)) - 1)];
}

/// <summary>INSERTPS: the element comes from a register and is chosen by imm[7:6].</summary>
internal readonly unsafe struct InsertSingle : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        Insert(d, a, ((uint*)rm)[imm >> 6 & 3], imm);

    public static void Insert(byte* d, byte* a, uint value, uint imm)
    {
        for (int i = 0; i < 4; i++)
        {
            uint element = i == (imm >> 4 & 3) ? value : ((uint*)a)[i];
            ((uint*)d)[i] = (imm >> i & 1) != 0 ? 0 : element;
        }
    }
}

/// <summary>INSERTPS from memory: the operand is the element.</summary>
internal readonly unsafe struct InsertSingleFromMemory : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        InsertSingle.Insert(d, a, *(uint*)rm, imm);
}

/// <summary>PMOVMSKB, MOVMSKPS, MOVMSKPD, VPMOVx2M: the sign of each element.</summary>
internal readonly unsafe struct SignMask<T> : IWholeOperation
    where T : unmanaged, IBinaryInteger<T>
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        ulong mask = 0;
        for (int i = 0; i < bytes / sizeof(T); i++)
            mask |= (T.IsNegative(((T*)rm)[i]) ? 1UL : 0) << i;
        *(ulong*)d = mask;
    }
}

/// <summary>PMOVMSKB: by lanes, since it is in every string routine.</summary>
internal readonly unsafe struct ByteSignMask : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm)
    {
        if (bytes == 8)
        {
            *(ulong*)d = Vector128.CreateScalar(*(ulong*)rm).AsByte().ExtractMostSignificantBits();
            return;
        }
        ulong mask = Vector128.Load(rm).ExtractMostSignificantBits();
        if (bytes == 32)
            mask |= (ulong)Vector128.Load(rm + 16).ExtractMostSignificantBits() << 16;
        *(ulong*)d = mask;
    }
}

/// <summary>PTEST: ZF when a and rm have no bit in common, CF when rm has no bit beyond a.</summary>
internal readonly unsafe struct TestBits : IWholeOperation
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        TestSigns<ulong>.Test(lp, a, rm, bytes, ulong.MaxValue);
}

/// <summary>VTESTPS, VTESTPD: as PTEST on the signs of elements; T is as wide as one.</summary>
internal readonly unsafe struct TestSigns<T> : IWholeOperation
    where T : unmanaged
{
    public static void Apply(LogicalProcessor* lp, byte* d, byte* dst, byte* a, byte* b, byte* rm, int bytes, uint imm) =>
        Test(lp, a, rm, bytes, sizeof(T) == 4 ? 0x8000_0000_8000_0000 : 1UL << 63);

    public static void Test(LogicalProcessor* lp, byte* a, byte* rm, int bytes, ulong mask)
    {
        ulong common = 0, beyond = 0;
        for (int i = 0; i < bytes; i += 8)
        {
            common |= *(ulong*)(a + i) & *(ulong*)(rm + i) & mask;
            beyond |= ~*(ulong*)(a + i) & *(ulong*)(rm + i) & mask;
        }
        LazyFlags.Update(lp, RflagsBit.Arithmetic, (common == 0 ? RflagsBit.Zf : 0) | (beyond == 0 ? RflagsBit.Cf : 0));
    }
}
