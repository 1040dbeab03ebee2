using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>KVM_TDX_INIT_VM: the checks, and TD_PARAMS (patches 14, 22).</content>
public sealed partial class KvmTdx
{
    private const int KhzPerTscUnit = 25_000;

    private async HostTask<(Errno, TdxStatus)> InitVm(ICpu cpu, IUserMemory user, KvmTdxCmd command)
    {
        if (State != TdState.Uninitialized || KeyId is not null || command.Flags != 0)
            return (Errno.EINVAL, default);
        byte[] header = new byte[KvmTdxInitVm.FixedSize + KvmCpuid2.HeaderSize];
        if (!user.TryRead(command.Data, header))
            return (Errno.EFAULT, default);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(KvmTdxInitVm.CpuidOffset));
        uint padding = BinaryPrimitives.ReadUInt32LittleEndian(
            header.AsSpan(KvmTdxInitVm.CpuidOffset + KvmCpuid2.PaddingOffset));
        if (count > KvmUapi.MaxCpuidEntries)
            return (Errno.E2BIG, default);
        byte[] entries = new byte[count * KvmCpuidEntry2.Size];
        if (!user.TryRead(command.Data + (ulong)header.Length, entries))
            return (Errno.EFAULT, default);
        KvmTdxInitVm init = KvmTdxInitVm.Parse(header);
        if (!init.ReservedIsZero || padding != 0)
            return (Errno.EINVAL, default);

        Errno error = SetUpParameters(init, KvmCpuid2.ParseEntries(entries, (int)count), out byte[] parameters);
        return error == Errno.Ok ? await Create(cpu, parameters) : (error, default);
    }

    private Errno SetUpParameters(KvmTdxInitVm init, List<KvmCpuidEntry2> cpuid, out byte[] parameters)
    {
        TdxSysInfo info = Kernel.Tdx.Info;
        parameters = new byte[TdParams.Bytes];
        if (Vcpus.Count != 0)
            return Errno.EBUSY;
        if ((init.Attributes & ~Kvm.SupportedAttributes) != 0 || (init.Xfam & ~Kvm.SupportedXfam) != 0)
            return Errno.EINVAL;
        if (!EptRules.TryChoose(Kvm.Options.GpawRule, cpuid, Kvm.HasFiveLevelEpt, out EptChoice ept))
            return Errno.EINVAL;
        CpuidValue[] slots = new CpuidValue[info.CpuidConfigs.Count];
        Errno error = Kvm.Options.CpuidPolicy.Fill(Kvm.CpuidContext, cpuid, slots);
        if (error != Errno.Ok)
            return error;

        Ept = ept;
        Attributes = init.Attributes | info.AttributesFixed1;
        Xfam = init.Xfam | info.XfamFixed1;
        WriteParameters(parameters, init, slots);
        return Errno.Ok;
    }

    private void WriteParameters(Span<byte> p, KvmTdxInitVm init, CpuidValue[] slots)
    {
        // The posting had the NO_RBP_MOD flag commented out.
        ulong flags = Ept.ConfigFlags | (Kvm.Options.Flavour == KvmFlavour.Upstream ? ConfigFlags.NoRbpMod : 0);
        Put(p, TdParams.Attributes, Attributes);
        Put(p, TdParams.Xfam, Xfam);
        BinaryPrimitives.WriteUInt16LittleEndian(p[TdParams.MaxVcpus..], (ushort)MaxVcpus);
        Put(p, TdParams.EptpControls, Ept.EptpControls);
        Put(p, TdParams.ConfigFlags, flags);
        BinaryPrimitives.WriteUInt16LittleEndian(p[TdParams.TscFrequency..], TscUnits(Kvm.Options.DefaultTscKhz));
        init.MrConfigId.CopyTo(p[TdParams.MrConfigId..]);
        init.MrOwner.CopyTo(p[TdParams.MrOwner..]);
        init.MrOwnerConfig.CopyTo(p[TdParams.MrOwnerConfig..]);
        for (int i = 0; i < slots.Length; i++)
        {
            Span<byte> slot = p[(TdParams.CpuidConfig + (i * TdParams.CpuidConfigBytes))..];
            BinaryPrimitives.WriteUInt32LittleEndian(slot, slots[i].Eax);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[4..], slots[i].Ebx);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[8..], slots[i].Ecx);
            BinaryPrimitives.WriteUInt32LittleEndian(slot[12..], slots[i].Edx);
        }
    }

    /// <summary>TD_PARAMS.TSC_FREQUENCY: units of 25 MHz.</summary>
    public static ushort TscUnits(int khz) => (ushort)(khz / KhzPerTscUnit);
}
