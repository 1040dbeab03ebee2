using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Firmware.Module;

/// <summary>
/// TDH.SYS.CONFIG (leaf 45) — TDMRs and the TDX-global key. TDX Module 1.5 ABI, "TDH.SYS.CONFIG Leaf".
/// </summary>
internal static class TdhSysConfig
{
    public static LeafEnd Execute(LeafCall c)
    {
        ModuleData data = c.Data;
        if (!data.TryHoldGlobalLock(LockMode.Exclusive))  return TdxStatus.SysBusy;
        if (data.State != SysState.SysInitDone)           return TdxStatus.SysConfigNotPending;
        if (data.NumInitLps < data.NumLps)                return TdxStatus.SysConfigNotPending;
        if (SharedBuffer.Check(c, c.Rcx, TdmrInfo.Alignment, OperandId.Rcx) is { IsError: true } array) return array;
        if (c.Rdx is < 1 or > TdmrInfo.MaxTdmrs)          return TdxStatus.OperandInvalid.With(OperandId.Rdx);
        if (!IsPrivateHkid(c, c.R8))                      return TdxStatus.OperandInvalid.With(OperandId.R8);

        // The key is taken before the TDMRs are looked at, and stays taken when one of them is refused.
        data.GlobalKey = new KeyId((ushort)c.R8);
        data.Kot.SetState(data.GlobalKey, KeyState.Reserved);

        if (AcceptTdmrs(c, (int)c.Rdx) is { IsError: true } tdmr)
            return tdmr;

        // Commit.
        data.NumTdmrs = (int)c.Rdx;
        ApplyFixedCpuidBits(c);
        c.P.Write(data.PkgConfigBitmapWord, 0UL);
        data.State = SysState.SysConfigDone;
        return TdxStatus.Success;
    }

    /// <summary>Whether an operand is nothing but a private HKID.</summary>
    public static bool IsPrivateHkid(LeafCall c, ulong operand) =>
        operand >> 16 == 0 && c.P.Keys.IsPrivate(new KeyId((ushort)operand));

    private static TdxStatus AcceptTdmrs(LeafCall c, int count)
    {
        Cmr[] cmrs = Cmr.ReadAll(c.P, c.Data.SysInfo);
        List<TdmrDescription> accepted = [];
        Span<byte> info = stackalloc byte[TdmrInfo.Bytes];
        for (int i = 0; i < count; i++)
        {
            ulong pointer = c.P.Read<ulong>(new Hpa(c.Rcx + (ulong)i * 8));
            if (SharedBuffer.Check(c, pointer, TdmrInfo.Alignment, OperandId.Rcx) is { IsError: true } bad)
                return bad;
            c.P.ReadBytes(new Hpa(pointer), info);
            accepted.Add(TdmrDescription.Parse(info));
            if (TdmrCheck.Check(accepted, cmrs, c.P.Keys.AddressMask) is { IsError: true } refused)
                return refused;
            c.Data.Tdmr(i).Store(info);
        }
        return TdxStatus.Success;
    }

    private static void ApplyFixedCpuidBits(LeafCall c)
    {
        foreach (CpuidEntry entry in c.Tables.Cpuid.Entries)
        {
            CpuidRegisters value = Cpuid.ToRegisters(c.Data.Cpuid(entry.Index));
            c.Data.SetCpuid(entry.Index, Cpuid.ToResult(value & ~entry.Fixed0OrDynamic | entry.Fixed1));
        }
    }
}
