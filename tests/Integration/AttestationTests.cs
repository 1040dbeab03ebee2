using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Isa.Seam;
using Seamsim.Runs;

namespace Seamsim.Tests.Integration;

/// <summary>Measurements and reports of a TD that ran, recomputed without the module.</summary>
[TestFixture]
internal sealed class AttestationTests
{
    private const ulong Report = GuestLayout.Buffers + 0x1000;
    private const int ReportBytes = 1024, TdInfo = 512;

    [Test]
    public void MRTD_is_the_hash_of_the_pages_in_the_order_they_were_added()
    {
        using TdRig rig = new("hello");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
        foreach ((ulong gpa, byte[] page) in Pages(rig))
        {
            hash.AppendData(Block("MEM.PAGE.ADD", gpa));
            for (int chunk = 0; chunk < 4096; chunk += 256)
            {
                hash.AppendData(Block("MR.EXTEND", gpa + (ulong)chunk));
                hash.AppendData(page, chunk, 256);
            }
        }
        Assert.That(rig.Vmm.Mrtd, Is.EqualTo(hash.GetHashAndReset()));
    }

    [Test]
    public void A_report_of_a_guest_carries_the_TD_and_the_MAC_of_the_processor()
    {
        using TdRig rig = new("rtmr");
        rig.Run();
        byte[] report = rig.ReadPrivate(Report, ReportBytes);
        byte[] rtmr2 = SHA384.HashData([.. new byte[48], .. Extension()]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report[0], Is.EqualTo(0x81), "REPORTTYPE: TDX");
            Assert.That(report[32..80], Is.EqualTo(SHA384.HashData(report.AsSpan(256, 239))), "TEE_TCB_INFO_HASH");
            Assert.That(report[80..128], Is.EqualTo(SHA384.HashData(report.AsSpan(TdInfo, 512))), "TEE_INFO_HASH");
            Assert.That(report[128..192], Is.All.Zero, "REPORTDATA");
            Assert.That(Qword(report, TdInfo), Is.EqualTo(rig.Config.Attributes), "ATTRIBUTES");
            Assert.That(Qword(report, TdInfo + 8), Is.EqualTo(rig.Config.Xfam), "XFAM");
            Assert.That(report[(TdInfo + 16)..(TdInfo + 64)], Is.EqualTo(rig.Vmm.Mrtd), "MRTD");
            Assert.That(report[(TdInfo + 304)..(TdInfo + 352)], Is.EqualTo(rtmr2), "RTMR2");
            Assert.That(rig.Output, Is.EqualTo($"RTMR2 {Convert.ToHexStringLower(rtmr2)}\n"));
        }
    }

    [Test]
    public void The_processor_verifies_its_report_and_no_other()
    {
        using TdRig rig = new("rtmr");
        rig.Run();
        byte[] mac = rig.ReadPrivate(Report, 256);
        Seamops seamops = new(rig.Machine.Cores[1]);
        Assert.That(seamops.Verify(mac), Is.EqualTo((ulong)SeamopsStatus.Success));
        mac[130] ^= 1;
        Assert.That(seamops.Verify(mac), Is.EqualTo((ulong)SeamopsStatus.InvalidReportMac));
        using Machine other = new(new Platform { MemoryBytes = 1UL << 30, Seed = 2 });
        mac[130] ^= 1;
        Assert.That(new Seamops(other.Cores[0]).Verify(mac), Is.EqualTo((ulong)SeamopsStatus.InvalidReportMac));
    }

    [Test]
    public void The_seed_changes_keys_and_schedules_but_nothing_a_guest_can_tell()
    {
        using TdRig one = new("rtmr", seed: 1), two = new("rtmr", seed: 2);
        one.Run();
        two.Run();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(two.Output, Is.EqualTo(one.Output));
            Assert.That(two.Vmm.Mrtd, Is.EqualTo(one.Vmm.Mrtd));
            Assert.That(
                Inspection.Rtmrs(two.Machine, two.Vmm.Td!), Is.EqualTo(Inspection.Rtmrs(one.Machine, one.Vmm.Td!)));
            Assert.That(two.ReadPrivate(Report, 256)[224..], Is.Not.EqualTo(one.ReadPrivate(Report, 256)[224..]), "MAC");
        }
    }

    /// <summary>The guest's regions in their order, then zeroes around them up to the initial size.</summary>
    private static IEnumerable<(ulong Gpa, byte[] Page)> Pages(TdRig rig)
    {
        HashSet<ulong> taken = [];
        foreach (GuestRegion region in rig.Config.Guest.Regions)
            for (int offset = 0; offset < region.Bytes.Length; offset += 4096)
            {
                byte[] page = new byte[4096];
                ReadOnlySpan<byte> rest = region.Bytes.Span[offset..];
                rest[..Math.Min(rest.Length, page.Length)].CopyTo(page);
                taken.Add(region.Gpa + (ulong)offset);
                yield return (region.Gpa + (ulong)offset, page);
            }
        for (ulong gpa = 0; gpa < rig.Config.InitialBytes; gpa += 4096)
            if (!taken.Contains(gpa))
                yield return (gpa, new byte[4096]);
    }

    private static byte[] Block(string name, ulong gpa)
    {
        byte[] block = new byte[128];
        Encoding.ASCII.GetBytes(name, block);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(16), gpa);
        return block;
    }

    private static byte[] Extension()
    {
        byte[] data = new byte[48];
        for (int i = 0; i < data.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(i), 0x11111111 + (ulong)i);
        return data;
    }

    private static ulong Qword(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));
}
