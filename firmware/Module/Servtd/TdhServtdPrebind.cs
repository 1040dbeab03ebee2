using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SERVTD.PREBIND (leaf 49) — reserve a binding for a service TD that is known by its hash only. TDX Module 1.5
/// ABI, "TDH.SERVTD.PREBIND Leaf".
/// </summary>
internal static class TdhServtdPrebind
{
    private const ulong HashAlignment = 64;

    public static LeafEnd Execute(LeafCall c)
    {
        ServTdOperands operands = ServTdOperands.Of(c);
        using PageHold tdr = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Shared);
        if (tdr.Failed)                                              return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.Shared);
        if (state.Failed)                                            return state.Status;
        if (SharedBuffer.Check(c, c.Rdx, HashAlignment, OperandId.Rdx) is { IsError: true } buffer) return buffer;
        if (operands.Check(c) is { IsError: true } invalid)          return invalid;

        Tdcs tdcs = tdr.View.Tdcs;
        using LockHold bindings = LockHold.Of(
            c.P, tdcs.ServTdBindingsLock, LockMode.Exclusive, OperandId.ServtdBindings);
        if (bindings.Failed)                                         return bindings.Status;
        if (tdcs.ServTdBinding.State == ServTdState.Bound)           return TdxStatus.ServtdBound;

        // Commit: from here on the leaf cannot fail.
        Span<byte> hash = stackalloc byte[Sha384.DigestBytes];
        c.P.ReadBytes(new Hpa(c.Rdx), hash);
        c.P.WriteBytes(tdcs.ServTdBinding.InfoHash, hash);
        operands.Store(tdcs, ServTdState.PreBound);
        return TdxStatus.Success;
    }
}
