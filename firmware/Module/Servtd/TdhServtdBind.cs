using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SERVTD.BIND (leaf 48) — bind a service TD to a TD. TDX Module 1.5 ABI, "TDH.SERVTD.BIND Leaf".
/// </summary>
internal static class TdhServtdBind
{
    private const int UuidWords = 4;
    private const ulong InstanceBinding = 1;

    public static LeafEnd Execute(LeafCall c)
    {
        (ulong targetPa, ulong servicePa) = (c.Rcx, c.Rdx);
        ServTdOperands operands = ServTdOperands.Of(c);
        (c.Rcx, c.R10, c.R11, c.R12, c.R13) = (0, 0, 0, 0, 0);

        if (servicePa == targetPa)                          return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        using PageHold target = PageHold.OfTdr(c, (Hpa)targetPa, OperandId.Rcx, LockMode.Shared);
        if (target.Failed)                                  return target.Status;
        using OpStateHold targetState = TdState.Check(c, target.View, LockMode.Shared);
        if (targetState.Failed)                             return targetState.Status;
        using PageHold service = PageHold.OfTdr(c, (Hpa)servicePa, OperandId.Rdx, LockMode.Shared);
        if (service.Failed)                                 return service.Status;
        using OpStateHold serviceState = TdState.CheckServiceTd(c, service.View, LockMode.Shared);
        if (serviceState.Failed)                            return serviceState.Status;
        if (operands.Check(c) is { IsError: true } invalid) return invalid;

        using LockHold bindings = LockHold.Of(
            c.P, target.View.Tdcs.ServTdBindingsLock, LockMode.Exclusive, OperandId.ServtdBindings);
        if (bindings.Failed)                                return bindings.Status;
        using LockHold rtmrs = LockHold.Of(
            c.P, service.View.Tdcs.RtmrLock, LockMode.Shared, OperandId.Rtmr);
        if (rtmrs.Failed)                                   return rtmrs.Status;
        Span<byte> hash = stackalloc byte[Sha384.DigestBytes];
        ServTdInfoHash.Compute(c.P, service.View.Tdcs, operands.Attributes, hash);
        TdxStatus fits = Check(target.View.Tdcs, service.View, operands, hash);
        if (fits.IsError)                                   return fits;

        // Commit: from here on the leaf cannot fail.
        Bind(c, target.View, service.View, operands, hash);
        c.Rcx = (target.Address.Value | operands.Slot) + service.View.Uuid(0);
        (c.R10, c.R11) = (target.View.Uuid(0), target.View.Uuid(1));
        (c.R12, c.R13) = (target.View.Uuid(2), target.View.Uuid(3));
        return TdxStatus.Success;
    }

    // A slot that is in use takes the type, the attributes and the service TD it was made for. Which TD that is, its
    // UUID says when one instance was bound, and its hash otherwise.
    private static TdxStatus Check(Tdcs target, Tdr service, ServTdOperands operands, ReadOnlySpan<byte> hash)
    {
        ServTdBinding binding = target.ServTdBinding;
        if (binding.State == ServTdState.NotBound)
            return target.OpState is OpState.Uninitialized or OpState.Initialized
                ? TdxStatus.Success
                : TdxStatus.OpStateIncorrect;
        if (binding.Type != operands.Type)             return TdxStatus.ServtdTypeMismatch;
        if (binding.Attributes != operands.Attributes) return TdxStatus.ServtdAttrMismatch;
        if (binding.State == ServTdState.Bound && (operands.Attributes & InstanceBinding) != 0)
            return IsInstance(binding, service) ? TdxStatus.Success : TdxStatus.ServtdUuidMismatch;
        return binding.HasHash(hash) ? TdxStatus.Success : TdxStatus.ServtdInfoHashMismatch;
    }

    private static void Bind(LeafCall c, Tdr target, Tdr service, ServTdOperands operands, ReadOnlySpan<byte> hash)
    {
        ServTdBinding binding = target.Tdcs.ServTdBinding;
        c.P.WriteBytes(binding.InfoHash, hash);
        for (int i = 0; i < UuidWords; i++)
            binding.SetUuid(i, service.Uuid(i));
        operands.Store(target.Tdcs, ServTdState.Bound);
    }

    private static bool IsInstance(ServTdBinding binding, Tdr service)
    {
        for (int i = 0; i < UuidWords; i++)
            if (binding.Uuid(i) != service.Uuid(i))
                return false;
        return true;
    }
}
