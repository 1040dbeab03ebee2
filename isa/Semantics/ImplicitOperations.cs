using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>Works on implicit registers and flags and cannot fault.</summary>
internal unsafe interface IImplicitOp
{
    static abstract void Apply(LogicalProcessor* lp);
}

/// <summary>LOOP and its kin: counts down and says whether the branch is taken. Address size 64.</summary>
internal unsafe interface ILoop
{
    static abstract bool Taken(LogicalProcessor* lp);
}

// SDM vol. 2; named after the instructions.

internal readonly unsafe struct Nop : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp)
    {
    }
}

internal readonly unsafe struct Cbw : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => *(ushort*)lp = (ushort)(sbyte)lp->Gpr[0];
}

internal readonly unsafe struct Cwde : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Gpr[0] = (uint)(short)lp->Gpr[0];
}

internal readonly unsafe struct Cdqe : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Gpr[0] = (ulong)(int)lp->Gpr[0];
}

internal readonly unsafe struct Cwd : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => *(ushort*)&lp->Gpr[2] = (ushort)((short)lp->Gpr[0] >> 15);
}

internal readonly unsafe struct Cdq : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Gpr[2] = (uint)((int)lp->Gpr[0] >> 31);
}

internal readonly unsafe struct Cqo : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Gpr[2] = (ulong)((long)lp->Gpr[0] >> 63);
}

internal readonly unsafe struct Clc : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => LazyFlags.Update(lp, RflagsBit.Cf, 0);
}

internal readonly unsafe struct Stc : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => LazyFlags.Update(lp, RflagsBit.Cf, RflagsBit.Cf);
}

internal readonly unsafe struct Cmc : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => LazyFlags.Write(lp, LazyFlags.Read(lp) ^ RflagsBit.Cf);
}

internal readonly unsafe struct Cld : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Rflags &= ~RflagsBit.Df;
}

internal readonly unsafe struct Std : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => lp->Rflags |= RflagsBit.Df;
}

internal readonly unsafe struct Lahf : IImplicitOp
{
    public static void Apply(LogicalProcessor* lp) => *((byte*)lp + 1) = (byte)LazyFlags.Read(lp);
}

internal readonly unsafe struct Sahf : IImplicitOp
{
    private const ulong Loaded = RflagsBit.Sf | RflagsBit.Zf | RflagsBit.Af | RflagsBit.Pf | RflagsBit.Cf;

    public static void Apply(LogicalProcessor* lp) => LazyFlags.Update(lp, Loaded, *((byte*)lp + 1));
}

internal readonly unsafe struct Loop : ILoop
{
    public static bool Taken(LogicalProcessor* lp) => --lp->Gpr[1] != 0;
}

internal readonly unsafe struct Loope : ILoop
{
    public static bool Taken(LogicalProcessor* lp) => --lp->Gpr[1] != 0 && LazyFlags.Zero(lp);
}

internal readonly unsafe struct Loopne : ILoop
{
    public static bool Taken(LogicalProcessor* lp) => --lp->Gpr[1] != 0 && !LazyFlags.Zero(lp);
}

internal readonly unsafe struct Jrcxz : ILoop
{
    public static bool Taken(LogicalProcessor* lp) => lp->Gpr[1] == 0;
}
