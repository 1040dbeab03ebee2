using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Tests.Host;

/// <summary>Byte offsets of KVM's user structures.</summary>
public sealed class UapiLayoutTests
{
    [Test]
    public void Kvm_tdx_cmd_has_24_bytes()
    {
        byte[] bytes = new KvmTdxCmd(0x11223344, 0x55667788, 0x99AABBCCDDEEFF00, 0x0102030405060708).ToBytes();
        Assert.That(Convert.ToHexString(bytes), Is.EqualTo("44332211887766550" + "0FFEEDDCCBBAA990807060504030201"));
        Assert.That(KvmTdxCmd.Parse(bytes).ToBytes(), Is.EqualTo(bytes));
    }

    [Test]
    public void Kvm_cpuid_entry2_has_40_bytes_of_which_12_are_padding()
    {
        byte[] bytes = new byte[40];
        bytes.AsSpan().Fill(0xEE);
        new KvmCpuidEntry2(1, 2, 3, new CpuidValue(4, 5, 6, 7)).Write(bytes);
        uint[] words = [.. Enumerable.Range(0, 10).Select(i => BitConverter.ToUInt32(bytes, 4 * i))];
        Assert.That(words, Is.EqualTo((uint[])[1, 2, 3, 4, 5, 6, 7, 0xEEEEEEEE, 0xEEEEEEEE, 0xEEEEEEEE]));
    }

    [Test]
    public void Kvm_tdx_init_vm_has_256_bytes_before_the_CPUID_array()
    {
        KvmTdxInitVm init = new()
        {
            Attributes = 0xA1, Xfam = 0xA2, MrConfigId = Filled(1), MrOwner = Filled(2), MrOwnerConfig = Filled(3),
        };
        byte[] bytes = init.ToBytes([new KvmCpuidEntry2(9, 0, 0, default)]);
        Assert.Multiple(() =>
        {
            Assert.That(bytes, Has.Length.EqualTo(264 + 40));
            Assert.That(bytes[0], Is.EqualTo(0xA1));
            Assert.That(bytes[8], Is.EqualTo(0xA2));
            Assert.That((bytes[15], bytes[16], bytes[63], bytes[64]), Is.EqualTo(((byte)0, (byte)1, (byte)1, (byte)2)));
            Assert.That(
                (bytes[111], bytes[112], bytes[159], bytes[160]), Is.EqualTo(((byte)2, (byte)3, (byte)3, (byte)0)));
            Assert.That((bytes[256], bytes[260], bytes[264]), Is.EqualTo(((byte)1, (byte)0, (byte)9)));
        });
    }

    [Test]
    public void Kvm_tdx_init_mem_region_has_24_bytes()
    {
        byte[] bytes = new KvmTdxInitMemRegion(1, 2, 3).ToBytes();
        Assert.That(bytes, Has.Length.EqualTo(24));
        Assert.That((bytes[0], bytes[8], bytes[16]), Is.EqualTo(((byte)1, (byte)2, (byte)3)));
    }

    [TestCase(CapabilitiesLayout.Patch09,   32, 2048, 2052, 24)]
    [TestCase(CapabilitiesLayout.Patch11,   -1, 2048, 2052, 24)]
    [TestCase(CapabilitiesLayout.Early2025, -1, 2048, 2056, 40)]
    [TestCase(CapabilitiesLayout.Linux616,  -1, 2048, 2056, 40)]
    public void Kvm_tdx_capabilities_puts_count_and_records_where_its_layout_says(
        CapabilitiesLayout layout, int gpawAt, int countAt, int recordsAt, int recordSize)
    {
        KvmFixture f = new(KvmOptions.Linux616 with { Layout = layout });
        (Errno error, byte[] bytes) = f.Capabilities(f.NewTd());
        Assert.Multiple(() =>
        {
            Assert.That(error, Is.EqualTo(Errno.Ok));
            Assert.That(BitConverter.ToUInt32(bytes, countAt), Is.EqualTo(4));
            Assert.That(BitConverter.ToUInt32(bytes, recordsAt), Is.EqualTo(1), "leaf of the first record");
            Assert.That(BitConverter.ToUInt32(bytes, recordsAt + recordSize), Is.EqualTo(4), "leaf of the second");
            if (gpawAt > 0)
                Assert.That(BitConverter.ToUInt32(bytes, gpawAt), Is.EqualTo(3));
        });
    }

    [Test]
    public void Linux_6_16_says_in_the_capabilities_which_TDVMCALLs_user_space_gets()
    {
        KvmFixture f = new();
        (_, byte[] bytes) = f.Capabilities(f.NewTd());
        ulong[] words = [.. Enumerable.Range(2, 4).Select(i => BitConverter.ToUInt64(bytes, 8 * i))];
        Assert.That(words, Is.EqualTo((ulong[])[0, 2, 0, 0]));
    }

    [Test]
    public void The_exits_members_lie_where_linux_kvm_h_puts_them()
    {
        KvmRun run = new();
        run.Begin(KvmExit.Tdx);
        run.Put64(KvmRunOffsets.TdxNr, 0x10002);
        run.Put64(KvmRunOffsets.TdxRet, 7);
        Assert.Multiple(() =>
        {
            Assert.That(BitConverter.ToUInt32(run.Bytes.Slice(8, 4)), Is.EqualTo(40));
            Assert.That(BitConverter.ToUInt64(run.Bytes.Slice(32, 8)), Is.Zero);
            Assert.That(BitConverter.ToUInt64(run.Bytes.Slice(40, 8)), Is.EqualTo(0x10002));
            Assert.That(BitConverter.ToUInt64(run.Bytes.Slice(48, 8)), Is.EqualTo(7));
        });
    }

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 48)];
}
