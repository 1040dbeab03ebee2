using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Ports;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.MR.FINALIZE (leaf 17) — close the measurement: the TD can run from now on. TDX Module 1.5 ABI,
/// "TDH.MR.FINALIZE Leaf".
/// </summary>
internal static class TdhMrFinalize
{
    private const int BindingHashInput = Sha384.DigestBytes + sizeof(ushort) + sizeof(ulong);

    /// <summary>Runs the leaf.</summary>
    public static LeafEnd Execute(LeafCall c)
    {
        using PageHold tdr = PageHold.OfTdr(c, (Hpa)c.Rcx, OperandId.Rcx, LockMode.Exclusive);
        if (tdr.Failed) return tdr.Status;
        using OpStateHold state = TdState.Check(c, tdr.View, LockMode.None);
        if (state.Failed) return state.Status;
        Tdcs tdcs = tdr.View.Tdcs;
        if (tdcs.NumVcpus == 0) return TdxStatus.NoVcpus;

        // Commit: from here on the leaf cannot fail.
        Span<byte> digest = stackalloc byte[Sha384.DigestBytes];
        new MrTd(c.P, tdcs.Sha384Context).Finish(digest);
        c.P.WriteBytes(tdcs.MrTd, digest);
        HashServiceTds(c, tdcs, digest);
        c.P.WriteBytes(tdcs.ServTdHash, digest);
        tdcs.OpState = OpState.Runnable;
        return TdxStatus.Success;
    }

    // One slot in this version: SHA-384 over {info hash, type, attributes} of a binding, zero without one.
    private static void HashServiceTds(LeafCall c, Tdcs tdcs, Span<byte> digest)
    {
        digest.Clear();
        ServTdBinding binding = tdcs.ServTdBinding;
        if (binding.State == ServTdState.NotBound)
            return;
        Span<byte> input = stackalloc byte[BindingHashInput];
        c.P.ReadBytes(binding.InfoHash, input[..Sha384.DigestBytes]);
        BinaryPrimitives.WriteUInt16LittleEndian(input[Sha384.DigestBytes..], binding.Type);
        BinaryPrimitives.WriteUInt64LittleEndian(input[(Sha384.DigestBytes + sizeof(ushort))..], binding.Attributes);
        SHA384.HashData(input, digest);
        c.P.Charge(Operation.HashBlock);
    }
}
