using System.Buffers.Binary;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>KVM_TDX_CAPABILITIES (patches 09, 11, 24).</content>
public sealed partial class KvmTdx
{
    private const ulong SetupEventNotifyInterrupt = 1UL << 1;

    private Errno Capabilities(IUserMemory user, in KvmTdxCmd command)
    {
        CapabilitiesLayout layout = Kvm.Options.Layout;
        if (command.Flags != 0)
            return Errno.EINVAL;
        byte[] count = new byte[4];
        if (!user.TryRead(command.Data + KvmTdxCapabilities.NrConfigsOffset, count))
            return Errno.EFAULT;
        IReadOnlyList<CpuidConfig> configs = layout == CapabilitiesLayout.Patch09
            ? Kernel.Tdx.Info.CpuidConfigs
            : Kvm.Options.CpuidPolicy.Report(Kvm.CpuidContext);
        if (BinaryPrimitives.ReadUInt32LittleEndian(count) < configs.Count)
            return Errno.E2BIG;
        if (layout != CapabilitiesLayout.Patch09 && (Kvm.SupportedXfam == 0 || ForcesUnknownAttributes))
            return Errno.EIO;

        byte[] header = new byte[KvmTdxCapabilities.FixedSize];
        // The series copied the user's structure in, so that reserved words come back as they were.
        if (!KvmTdxCapabilities.UsesCpuid2(layout) && !user.TryRead(command.Data, header))
            return Errno.EFAULT;
        FillHeader(header, layout);
        BinaryPrimitives.WriteUInt32LittleEndian(count, (uint)configs.Count);
        byte[] records = KvmTdxCapabilities.Records(layout, configs);
        int recordsAt = KvmTdxCapabilities.UsesCpuid2(layout)
            ? KvmTdxCapabilities.EntriesOffset
            : KvmTdxCapabilities.SeriesConfigsOffset;
        bool written = user.TryWrite(command.Data, header)
            && user.TryWrite(command.Data + KvmTdxCapabilities.NrConfigsOffset, count)
            && (!KvmTdxCapabilities.UsesCpuid2(layout)
                || user.TryWrite(command.Data + KvmTdxCapabilities.NrConfigsOffset + 4, new byte[4]))
            && user.TryWrite(command.Data + (ulong)recordsAt, records);
        return written ? Errno.Ok : Errno.EFAULT;
    }

    private bool ForcesUnknownAttributes => Kvm.SupportedAttributes == 0;

    private void FillHeader(Span<byte> header, CapabilitiesLayout layout)
    {
        TdxSysInfo info = Kernel.Tdx.Info;
        if (layout == CapabilitiesLayout.Patch09)
        {
            Put(header, KvmTdxCapabilities.AttrsFixed0Offset, info.AttributesFixed0);
            Put(header, KvmTdxCapabilities.AttrsFixed1Offset, info.AttributesFixed1);
            Put(header, KvmTdxCapabilities.XfamFixed0Offset, info.XfamFixed0);
            Put(header, KvmTdxCapabilities.XfamFixed1Offset, info.XfamFixed1);
            uint gpaw = EptRules.SupportedGpaw(Kernel.Tdx.MaxPhysicalAddress, Kvm.HasFiveLevelEpt);
            BinaryPrimitives.WriteUInt32LittleEndian(header[KvmTdxCapabilities.SupportedGpawOffset..], gpaw);
            return;
        }
        Put(header, KvmTdxCapabilities.SupportedAttrsOffset, Kvm.SupportedAttributes);
        Put(header, KvmTdxCapabilities.SupportedXfamOffset, Kvm.SupportedXfam);
        if (layout == CapabilitiesLayout.Linux616)
            Put(header, KvmTdxCapabilities.UserTdvmcallInfo1R11Offset, SetupEventNotifyInterrupt);
    }

    private static void Put(Span<byte> bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
