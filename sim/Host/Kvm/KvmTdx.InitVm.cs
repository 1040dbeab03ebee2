using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.CpuidPolicies;
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
        InitVmLayout layout = Kvm.Options.InitVmLayout;
        int cpuidAt = KvmTdxInitVm.CpuidOffsetOf(layout);
        byte[] header = new byte[cpuidAt + KvmCpuid2.HeaderSize];
        if (!user.TryRead(command.Data, header))
            return (Errno.EFAULT, default);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(cpuidAt));
        uint padding = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(cpuidAt + KvmCpuid2.PaddingOffset));
        if (count > KvmUapi.MaxCpuidEntries)
            return (Errno.E2BIG, default);
        byte[] entries = new byte[count * KvmCpuidEntry2.Size];
        if (!user.TryRead(command.Data + (ulong)header.Length, entries))
            return (Errno.EFAULT, default);
        KvmTdxInitVm init = KvmTdxInitVm.Parse(header, layout);
        if (!init.ReservedIsZero || padding != 0)
            return (Errno.EINVAL, default);

        TdFeatures features = new(Kernel.Tdx.Info.CpuidConfigs.Count)
        {
            Attributes = init.Attributes, Xfam = init.Xfam,
        };
        List<KvmCpuidEntry2> cpuid = KvmCpuid2.ParseEntries(entries, (int)count);
        Errno error = SetUpParameters(init, cpuid, features, out byte[] parameters);
        if (error != Errno.Ok)
            return (error, default);
        (Errno, TdxStatus) created = await Create(cpu, parameters);
        if (created.Item1 == Errno.Ok)
            Features = features;
        return created;
    }

    private Errno SetUpParameters(
        KvmTdxInitVm init, List<KvmCpuidEntry2> cpuid, TdFeatures features, out byte[] parameters)
    {
        TdxSysInfo info = Kernel.Tdx.Info;
        parameters = new byte[TdParams.Bytes];
        if (Vcpus.Count != 0)
            return Errno.EBUSY;
        if (!EptRules.TryChoose(Kvm.Options.GpawRule, cpuid, Kvm.HasFiveLevelEpt, out EptChoice ept))
            return Errno.EINVAL;
        Errno error = Kvm.Options.CpuidPolicy.InitVm(Kvm.CpuidContext, cpuid, features);
        if (error != Errno.Ok)
            return error;

        Ept = ept;
        Attributes = features.Attributes | info.AttributesFixed1;
        Xfam = features.Xfam | info.XfamFixed1;
        WriteParameters(parameters, init, features.Slots);
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
