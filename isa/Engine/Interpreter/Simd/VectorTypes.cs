using System.Runtime.Intrinsics;
using Seamsim.Isa.Decode.Simd;

namespace Seamsim.Isa.Engine.Interpreter.Simd;

/// <summary>The type arguments of vector handlers.</summary>
internal static class VectorTypes
{
    private static readonly Type[] Widths =
    [
        typeof(byte), typeof(ushort), typeof(uint), typeof(ulong), typeof(Vector128<byte>), typeof(Vector256<byte>),
        typeof(Vector512<byte>),
    ];

    /// <summary>The handler of a key with a vector family.</summary>
    public static Type Of(in HandlerKey key, Type fast, Type careful)
    {
        VectorForm form = (VectorForm)key.Condition;
        Type upper = (form & VectorForm.NoResult) != 0 ? typeof(NoResult)
            : (form & VectorForm.Word) != 0 ? typeof(WordResult)
            : (form & VectorForm.ZeroUpper) != 0 ? typeof(ClearUpper) : typeof(KeepUpper);
        bool aligned = (form & VectorForm.Aligned) != 0;
        Type Memory(Place place)
        {
            (Type address, Type path) = place switch
            {
                Place.Careful => (typeof(CarefulAddress), careful),
                Place.BaseDisp => (typeof(BaseDisp), fast),
                Place.BaseIndexDisp => (typeof(BaseIndexDisp), fast),
                _ => (typeof(AnyAddress), fast),
            };
            return (aligned ? typeof(AlignedMem<,>) : typeof(Mem<,>)).MakeGenericType(address, path);
        }

        Type Source(Place place) => place == Place.Register ? typeof(VectorReg) : Memory(place);

        switch (key.Family)
        {
            case Family.VectorGeneral:
                return typeof(VectorGeneral);
            case Family.VectorStore:
                return typeof(VectorStore<,>).MakeGenericType(
                    Widths[key.From], key.Dst == Place.Register ? typeof(Reg<DstField>) : Memory(key.Dst));
        }
        Type operation = VectorTable.OperationAt(key.Operation);
        if (key.Family == Family.VectorFlags)
            return typeof(VectorFlags<,,>).MakeGenericType(operation, Widths[key.From], Source(key.Src));
        return key.Family == Family.VectorMmx
            ? typeof(VectorMmx<,,>).MakeGenericType(operation, Widths[key.From], Source(key.Src))
            : (key.Family == Family.VectorWhole ? typeof(VectorWhole<,,,,>) : typeof(VectorLanes<,,,,>))
                .MakeGenericType(operation, Widths[key.Width], Widths[key.From], Source(key.Src), upper);
    }
}
