using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>
/// The specialised handlers of one probe, instantiated when an op first needs them. A process-wide cache of code: what
/// it contains never influences a result.
/// </summary>
internal sealed unsafe class HandlerTable
{
    private static readonly ConcurrentDictionary<Type, HandlerTable> Tables = new();

    private static readonly Type[] Widths = [typeof(byte), typeof(ushort), typeof(uint), typeof(ulong)];

    private static readonly Type[] Conditions =
    [
        typeof(IfO), typeof(Negated<IfO>), typeof(IfB), typeof(Negated<IfB>), typeof(IfE), typeof(Negated<IfE>),
        typeof(IfBe), typeof(Negated<IfBe>), typeof(IfS), typeof(Negated<IfS>), typeof(IfP), typeof(Negated<IfP>),
        typeof(IfL), typeof(Negated<IfL>), typeof(IfLe), typeof(Negated<IfLe>),
    ];

    private readonly ConcurrentDictionary<ulong, nint> handlers = new();
    private readonly Type fast, careful, probe;

    private HandlerTable(Type probe)
    {
        fast = typeof(FastPath<>).MakeGenericType(probe);
        careful = typeof(CarefulPath);
        this.probe = probe;
    }

    /// <summary>The handlers that report to <paramref name="probe"/>, a struct that implements IProbe.</summary>
    public static HandlerTable For(Type probe) => Tables.GetOrAdd(probe, static p => new HandlerTable(p));

    /// <summary>Every key that has been instantiated so far, in order of its packed value.</summary>
    public IReadOnlyList<HandlerKey> Instantiated => [.. handlers.Keys.Order().Select(HandlerKey.Unpack)];

    /// <summary>The handler of a packed <see cref="HandlerKey"/>.</summary>
    public delegate*<LogicalProcessor*, Op*, Op*> Get(ulong key)
    {
        if (!handlers.TryGetValue(key, out nint handler))
            handler = handlers.GetOrAdd(key, Instantiate(HandlerKey.Unpack(key)));
        return (delegate*<LogicalProcessor*, Op*, Op*>)handler;
    }

    private nint Instantiate(in HandlerKey key)
    {
        MethodInfo method = TypeOf(key).GetMethod("Run", BindingFlags.Public | BindingFlags.Static)!;
        RuntimeHelpers.PrepareMethod(method.MethodHandle, method.DeclaringType!.GenericTypeArguments
            .Select(t => t.TypeHandle).ToArray());
        return BehindStub((byte*)method.MethodHandle.GetFunctionPointer());
    }

    /// <summary>
    /// The runtime hands out the address of a stub, <c>jmp [rip+disp32]</c>, whose slot names the compiled body once
    /// there is one; handlers are never recompiled (AggressiveOptimization), so the body may be called directly, which
    /// saves a jump on every op. Anything that does not look like this stub is called as it is.
    /// </summary>
    private static nint BehindStub(byte* entry)
    {
        const ushort jumpRipRelative = 0x25FF;
        const int stubBytes = 6;
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 || *(ushort*)entry != jumpRipRelative)
            return (nint)entry;
        byte* body = *(byte**)(entry + stubBytes + *(int*)(entry + 2));
        return (nint)(body == entry + stubBytes ? entry : body); // not compiled yet: the slot leads back to the stub
    }

    private Type TypeOf(in HandlerKey key)
    {
        if (key.Family is >= Family.VectorLanes and <= Family.VectorGeneral)
            return Simd.VectorTypes.Of(key, fast, careful);
        Type width = Widths[key.Width], flags = key.Flags ? typeof(Flags) : typeof(NoFlags);
        Type condition = Conditions[key.Condition], path = key.Careful ? careful : fast;
        Type? operation = InstructionTable.OperationAt(key.Operation);
        Type? dst = PlaceOf(key.Dst, typeof(DstField)), src = PlaceOf(key.Src, typeof(SrcField));
        return key.Family switch
        {
            Family.Alu => Make(typeof(Alu<,,,,>), operation, width, dst, src, flags),
            Family.Compare => Make(typeof(Compare<,,,,>), operation, width, dst, src, flags),
            Family.Unary => Make(typeof(Unary<,,,>), operation, width, dst, flags),
            Family.AluImmediate => Make(typeof(AluImmediate<,,,>), operation, width, src, flags),
            Family.ThreeOperand => Make(typeof(ThreeOperand<,,,>), operation, width, src, flags),
            Family.MultiplyExtended => Make(typeof(MultiplyExtended<,>), width, src),
            Family.DoubleShift => Make(typeof(DoubleShift<,,,,>), operation, width, dst, src, flags),
            Family.Accumulate => Make(typeof(Accumulate<,,,>), operation, width, src, flags),
            Family.Move => Make(typeof(Move<,,>), width, dst, src),
            Family.MoveReversed => Make(typeof(MoveReversed<,,>), width, dst, src),
            Family.MoveZero => Make(typeof(MoveExtended<,,,>), typeof(ZeroExtended), Widths[key.From], width, src),
            Family.MoveSign => Make(typeof(MoveExtended<,,,>), typeof(SignExtended), Widths[key.From], width, src),
            Family.Lea => Make(typeof(Lea<,>), width, AddressOf(key.Src)),
            Family.Exchange => Make(typeof(Exchange<,>), width, dst),
            Family.ExchangeAdd => Make(typeof(ExchangeAdd<,>), width, dst),
            Family.CompareExchange => Make(typeof(CompareExchange<,>), width, dst),
            Family.MoveIf => Make(typeof(MoveIf<,,>), condition, width, src),
            Family.SetIf => Make(typeof(SetIf<,>), condition, dst),
            Family.Implicit => Make(typeof(Implicit<>), operation),
            Family.Checksum => Make(typeof(Checksum<,>), Widths[key.From], src),
            Family.Push => Make(typeof(Push<,>), src, path),
            Family.Pop => Make(typeof(Pop<>), path),
            Family.LeaveFrame => Make(typeof(LeaveFrame<>), path),
            Family.CallDirect => Make(typeof(CallDirect<,>), path, probe),
            Family.CallIndirect => Make(typeof(CallIndirect<,,>), src, path, probe),
            Family.Return => Make(typeof(Return<,>), path, probe),
            Family.JumpDirect => Make(typeof(JumpDirect<>), probe),
            Family.FallThrough => typeof(FallThrough),
            Family.JumpIf => Make(typeof(JumpIf<,>), condition, probe),
            Family.CompareJump => Make(typeof(CompareJump<,,,,,>), condition, width, dst, src, flags, probe),
            Family.TestJump => Make(typeof(TestJump<,,,,,>), condition, width, dst, src, flags, probe),
            Family.JumpIndirect => Make(typeof(JumpIndirect<,>), src, probe),
            Family.LoopJump => Make(typeof(LoopJump<,>), operation, probe),
            Family.Managed => typeof(ManagedOp),
            _ => typeof(SystemOp),
        };
    }

    private static Type Make(Type definition, params Type?[] arguments) => definition.MakeGenericType(arguments!);

    private Type? PlaceOf(Place place, Type field) => place switch
    {
        Place.None => null,
        Place.Register => typeof(Reg<>).MakeGenericType(field),
        Place.Immediate => typeof(Imm),
        Place.Cl => typeof(Cl),
        Place.Careful => typeof(Mem<,>).MakeGenericType(typeof(CarefulAddress), careful),
        _ => typeof(Mem<,>).MakeGenericType(AddressOf(place), fast),
    };

    private static Type AddressOf(Place place) => place switch
    {
        Place.BaseDisp => typeof(BaseDisp),
        Place.BaseIndexDisp => typeof(BaseIndexDisp),
        _ => typeof(AnyAddress),
    };
}
