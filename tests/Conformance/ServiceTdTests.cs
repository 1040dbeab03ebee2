using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// What binding a service TD leaves behind, as the host reads it. TDX Module 1.5 base specification, "Service TDs".
/// </summary>
public class ServiceTdTests(string target) : PlatformFixture(target)
{
    private const ulong Table = 0x9910000300000080, Num = 0x9910000100000006, Hash = 0x9910000300000000;
    private const ulong Uuid = 0x8010000300000020, Attributes = 0x1110000300000000, Xfam = 0x1110000300000001,
        MrTd = 0x1310000300000000;
    private const ulong InstanceBinding = 1, IgnoreMrTd = 1UL << 34, IgnoreXfam = 1UL << 33;
    private const int HashElement = 6, UuidElement = 2;

    private static byte[] SomeHash => [.. Enumerable.Range(1, 48).Select(i => (byte)i)];

    [Test]
    public void A_TD_is_made_without_bindings()
    {
        TestTd td = Td(TdStage.Initialized);
        Assert.That((Read(td, Num), Words(td, Table, 16)), Is.EqualTo((0UL, new ulong[16])));
    }

    [Test]
    public void PREBIND_keeps_the_hash_and_does_it_again()
    {
        TestTd td = Td(TdStage.TdcsAllocated);
        Prebind(td, SomeHash, IgnoreMrTd);
        Target.Do("TDH.MNG.INIT", td.InitOperands());
        Check(td, 1, IgnoreMrTd, SomeHash);
        byte[] other = [.. SomeHash.Reverse()];
        Prebind(td, other, InstanceBinding);
        Check(td, 1, InstanceBinding, other);
    }

    [Test]
    public void A_binding_is_measured_when_the_TD_is_finalised()
    {
        TestTd td = Td(TdStage.Initialized);
        Prebind(td, SomeHash, IgnoreMrTd);
        td.AddVcpu();
        Expect(TdxStatus.Success, "TDH.MR.FINALIZE", td.TdrPage);
        byte[] input = [.. SomeHash, 0, 0, .. BitConverter.GetBytes(IgnoreMrTd)];
        Assert.That(Bytes(Words(td, Hash, 6)), Is.EqualTo(SHA384.HashData(input)));
    }

    [TestCase(0UL, TestName = "{m}(all of its TDINFO)")]
    [TestCase(IgnoreMrTd | IgnoreXfam, TestName = "{m}(but for MRTD and XFAM)")]
    [TestCase(InstanceBinding, TestName = "{m}(as an instance)")]
    public void BIND_keeps_who_it_is_and_returns_a_handle_and_the_target(ulong attributes)
    {
        TestTd td = Td(TdStage.Initialized), service = Td(TdStage.Runnable, hkidIndex: 1);
        SeamcallResult bound = Bind(td, service, attributes, TdxStatus.Success);
        ulong[] uuid = Words(td, Uuid, 4), serviceUuid = Words(service, Uuid, 4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new[] { bound.R10, bound.R11, bound.R12, bound.R13 }, Is.EqualTo(uuid));
            Assert.That(bound.Rcx, Is.EqualTo(unchecked(td.TdrPage + serviceUuid[0])), "page and slot 0, masked");
            Check(td, 2, attributes, InfoHash(service, attributes));
            Assert.That(Words(td, Table, 16)[UuidElement..(UuidElement + 4)], Is.EqualTo(serviceUuid));
        }
    }

    [Test]
    public void A_TD_that_was_finalised_takes_the_service_TD_it_was_prebound_to()
    {
        TestTd td = Td(TdStage.Initialized), service = Td(TdStage.Runnable, hkidIndex: 1);
        Prebind(td, InfoHash(service, 0), 0);
        td.AddVcpu();
        Expect(TdxStatus.Success, "TDH.MR.FINALIZE", td.TdrPage);
        ulong[] before = Words(td, Hash, 6);
        Bind(td, service, 0, TdxStatus.Success);
        Check(td, 2, 0, InfoHash(service, 0));
        Assert.That(Words(td, Hash, 6), Is.EqualTo(before), "the measurement stays");
        TestTd other = Other(service);
        Bind(td, other, 0, TdxStatus.ServtdInfoHashMismatch);
        Bind(td, service, 0, TdxStatus.Success);
    }

    [Test]
    public void A_TD_without_a_binding_takes_none_once_it_is_finalised()
    {
        TestTd td = Td(TdStage.Runnable), service = Td(TdStage.Runnable, hkidIndex: 1);
        SeamcallResult no = Bind(td, service, 0, TdxStatus.OpStateIncorrect);
        Assert.That(new[] { no.Rcx, no.R10, no.R11, no.R12, no.R13 }, Is.All.Zero, "no handle, no UUID");
        Assert.That(Words(td, Table, 16), Is.All.Zero);
    }

    // A TD with the same TDINFO is as good when no instance was bound.
    [Test]
    public void Another_instance_with_the_same_hash_may_take_over_unless_the_instance_was_bound()
    {
        TestTd td = Td(TdStage.Initialized), service = Td(TdStage.Runnable, hkidIndex: 1);
        TestTd twin = Td(TdStage.Runnable, hkidIndex: 2);
        Bind(td, service, 0, TdxStatus.Success);
        Bind(td, twin, 0, TdxStatus.Success);
        Assert.That(Words(td, Table, 16)[UuidElement..(UuidElement + 4)], Is.EqualTo(Words(twin, Uuid, 4)));
        TestTd strict = Td(TdStage.Initialized, hkidIndex: 3);
        Bind(strict, service, InstanceBinding, TdxStatus.Success);
        Bind(strict, twin, InstanceBinding, TdxStatus.ServtdUuidMismatch);
        Assert.That(Words(strict, Table, 16)[UuidElement..(UuidElement + 4)], Is.EqualTo(Words(service, Uuid, 4)));
        Assert.That(Read(strict, Num), Is.EqualTo(1));
    }

    // TDINFO of another owner.
    private TestTd Other(TestTd like)
    {
        TestTd other = new(Target, hkidIndex: 4);
        other.Params[TdParams.MrOwner] = 7;
        other.BringTo(TdStage.Runnable);
        Assert.That(InfoHash(other, 0), Is.Not.EqualTo(InfoHash(like, 0)));
        return other;
    }

    private void Prebind(TestTd td, byte[] hash, ulong attributes)
    {
        ulong buffer = Target.HostPage();
        Target.WriteHost(buffer + 64, hash);
        Target.Do("TDH.SERVTD.PREBIND", new(td.TdrPage, buffer + 64, 0, 0, attributes));
    }

    private SeamcallResult Bind(TestTd td, TestTd service, ulong attributes, TdxStatus status)
    {
        SeamcallResult result = Target.Seamcall("TDH.SERVTD.BIND", new(td.TdrPage, service.TdrPage, 0, 0, attributes));
        Assert.That(result.Status, Is.EqualTo(status));
        return result;
    }

    private void Check(TestTd td, ulong state, ulong attributes, byte[] hash)
    {
        ulong[] slot = Words(td, Table, 16);
        Assert.That(
            (slot[0], slot[1], Read(td, Num)), Is.EqualTo((state, attributes, 1UL)),
            "state and type, attributes, number");
        Assert.That(Bytes(slot[HashElement..(HashElement + 6)]), Is.EqualTo(hash), "SERVTD_INFO_HASH");
    }

    // TDINFO as a TDREPORT has it; MRCONFIGID, MRTD and the owners by their identifiers, no RTMR extended.
    private byte[] InfoHash(TestTd td, ulong attributes)
    {
        byte[] info = new byte[TdInfo.Bytes];
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(TdInfo.Attributes), Read(td, Attributes));
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(TdInfo.Xfam), Read(td, Xfam));
        Bytes(Words(td, MrTd, 6)).CopyTo(info, TdInfo.MrTd);
        Bytes(Words(td, MrTd + 0x10, 6)).CopyTo(info, TdInfo.MrConfigId);
        Bytes(Words(td, MrTd + 0x18, 6)).CopyTo(info, TdInfo.MrOwner);
        Bytes(Words(td, MrTd + 0x20, 6)).CopyTo(info, TdInfo.MrOwnerConfig);
        Bytes(Words(td, Hash, 6)).CopyTo(info, TdInfo.ServTdHash);
        if ((attributes & IgnoreXfam) != 0)
            info.AsSpan(TdInfo.Xfam, 8).Clear();
        if ((attributes & IgnoreMrTd) != 0)
            info.AsSpan(TdInfo.MrTd, 48).Clear();
        return SHA384.HashData(info);
    }

    private ulong Read(TestTd td, ulong field) => Expect(TdxStatus.Success, "TDH.MNG.RD", td.TdrPage, field).R8;

    private ulong[] Words(TestTd td, ulong field, int count) =>
        [.. Enumerable.Range(0, count).Select(i => Read(td, field + (uint)i))];

    private static byte[] Bytes(ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];
}
