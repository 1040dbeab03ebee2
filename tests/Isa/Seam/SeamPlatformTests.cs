using System.Security.Cryptography;
using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Isa.Vmx;

namespace Seamsim.Tests.Isa.Seam;

public sealed unsafe class SeamPlatformTests
{
    private static readonly Hpa Report = new(VmxRig.SeamBase + 0x20_0000), ReportData =
        new(VmxRig.SeamBase + 0x20_1000),
        TeeInfoHash = new(VmxRig.SeamBase + 0x20_1040), Area = new(VmxRig.SeamBase + 0x30_0000);

    [Test]
    public void A_report_carries_its_inputs_and_a_mac_that_verifies_until_a_bit_changes()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        byte[] data = [.. Enumerable.Range(0, 64).Select(i => (byte)i)], hash = SHA384.HashData(data);
        p.WriteBytes(ReportData, data);
        p.WriteBytes(TeeInfoHash, hash);
        Assert.That(p.Seamops(5, Report, ReportData, TeeInfoHash.Value, 0x81, Running(p)).Rax, Is.Zero);

        byte[] report = new byte[512];
        p.ReadBytes(Report, report);
        Assert.That(report[..4], Is.EqualTo(new byte[] { 0x81, 0, 0, 0 }));
        Assert.That(report[32..80], Is.EqualTo(SHA384.HashData(report.AsSpan(256, 239))));
        Assert.That(report[80..128], Is.EqualTo(hash));
        Assert.That(report[128..192], Is.EqualTo(data));
        Assert.That(report[224..256], Is.EqualTo(rig.Core.Uncore.SeamShared.Mac(report.AsSpan(0, 224))));
        Assert.That(p.Seamops(6, Report, default, 0, 0).Rax, Is.Zero);

        p.Write(Report + 130, (byte)0xFF);
        Assert.That(p.Seamops(6, Report, default, 0, 0).Rax, Is.EqualTo((ulong)SeamopsStatus.InvalidReportMac));
    }

    [Test]
    public void Capabilities_name_the_leaves_and_an_unknown_leaf_fails()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        Assert.That(p.Seamops(0, default, default, 0, 0).Rax, Is.EqualTo(0x73));
        Assert.That(p.Seamops(2, default, default, 0, 0).Rax, Is.Not.Zero);
        Assert.That(p.Seamops(5, Report + 8, ReportData, TeeInfoHash.Value, 0x81, Running(p)).Rax, Is.Not.Zero);
    }

    [Test]
    public void A_report_is_only_made_for_SEAM_software_that_ran()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        SeamdbReference running = Running(p);
        foreach (SeamdbReference other in new[] { running with { Index = 1 }, running with { Nonce3 = 1 }, default })
            Assert.That(p.Seamops(5, Report, ReportData, TeeInfoHash.Value, 0x81, other).Rax,
                Is.EqualTo((ulong)SeamopsStatus.InvalidOperand));
        Assert.That(p.Seamops(1, Report, ReportData, TeeInfoHash.Value, 0).Rax, Is.Zero, "SEAMREPORT names none");
    }

    [Test]
    public void A_machine_with_another_seed_does_not_accept_the_report()
    {
        byte[] first = new SeamShared(1).Mac([1, 2, 3]), again = new SeamShared(1).Mac([1, 2, 3]);
        Assert.That(first, Is.EqualTo(again));
        Assert.That(first, Is.Not.EqualTo(new SeamShared(2).Mac([1, 2, 3])));
    }

    [Test]
    public void Xsaves_and_xrstors_carry_the_state_in_compacted_format()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        Assert.That(p.TryXsetbv(0xE7), Is.True);
        rig.Core.Extended.Xmm(5).Fill(0xA5);
        rig.Core.Extended.Write(5, Enumerable.Repeat((byte)0x3C, 64).ToArray());
        p.FillPage(Area, 0);
        p.Xsaves(Area, 0xE7);
        Assert.That((p.Read<ulong>(Area + 512), p.Read<ulong>(Area + 520)),
            Is.EqualTo((0x22UL, 0x8000_0000_0000_00E7)));
        Assert.That(p.Read<byte>(Area + 160 + 80), Is.EqualTo(0xA5));

        rig.Core.Extended.Initialise(ulong.MaxValue);
        Assert.That(rig.Core.Extended.InUse, Is.Zero);
        Assert.That(p.TryXrstors(Area, 0xE7), Is.True);
        Assert.That(rig.Core.Extended.InUse, Is.EqualTo(0x22));
        Assert.That(rig.Core.Lp->K[7], Is.EqualTo(0x3C3C_3C3C_3C3C_3C3C));
    }

    [Test]
    public void Xrstors_refuses_a_bad_header_and_changes_nothing()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        p.TryXsetbv(7);
        rig.Core.Extended.Xmm(0).Fill(1);
        foreach ((ulong present, ulong compaction) in new[] { (2UL, 7UL), (4UL, 1UL << 63 | 3), (0UL, 1UL << 63 |
            1UL << 9) })
        {
            p.FillPage(Area, 0);
            p.Write(Area + 512, present);
            p.Write(Area + 520, compaction);
            Assert.That(p.TryXrstors(Area, 7), Is.False);
            Assert.That(rig.Core.Extended.Xmm(0)[0], Is.EqualTo(1));
        }
    }

    [TestCase(0UL, false)]
    [TestCase(1UL, true)]
    [TestCase(5UL, false)]
    [TestCase(7UL, true)]
    [TestCase(0x27UL, false)]
    [TestCase(0xE7UL, true)]
    [TestCase(1UL << 62 | 3, false)]
    [TestCase(0x2_0007UL, false)]
    public void Xsetbv_accepts_only_consistent_components(ulong value, bool accepted)
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ulong before = rig.Core.SeamPlatform.Xgetbv();
        Assert.That(rig.Core.SeamPlatform.TryXsetbv(value), Is.EqualTo(accepted));
        Assert.That(rig.Core.SeamPlatform.Xgetbv(), Is.EqualTo(accepted ? value : before));
    }

    [Test]
    public void Atomics_return_the_old_value_and_charge_the_clock()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        ulong cycles = rig.Core.Lp->Cycles;
        Assert.That(p.CompareExchange<uint>(Area, 0, 7), Is.Zero);
        Assert.That(p.CompareExchange<uint>(Area, 0, 9), Is.EqualTo(7));
        Assert.That(p.FetchAdd<ushort>(Area, 3), Is.EqualTo(7));
        Assert.That((p.BitTestAndSet(Area, 40), p.BitTestAndSet(Area, 40), p.BitTestAndReset(Area, 40)),
            Is.EqualTo((false, true, true)));
        Assert.That(p.Read<ulong>(Area), Is.EqualTo(10));
        Assert.That(rig.Core.Lp->Cycles - cycles, Is.EqualTo(7));
    }

    [Test]
    public void Pages_move_between_keys_as_movdir64b_moves_them()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        Assert.That(p.PconfigSetRandomKey(new KeyId(44), integrity: true), Is.EqualTo(PconfigResult.Success));
        Hpa shared = new(0x50_0000), secret = p.Keys.WithKey(new Hpa(0x51_0000), new KeyId(44));
        p.Write(shared + 0x100, 0xC0FFEEUL);
        p.CopyPage(secret, shared);
        Assert.That(p.Read<ulong>(secret + 0x100), Is.EqualTo(0xC0FFEE));
        Assert.That(rig.Memory.Read<ulong>(new Hpa(0x51_0100), inSeam: true, out MemoryResult result),
            Is.Not.EqualTo(0xC0FFEE));
        Assert.That(result, Is.AnyOf(MemoryResult.Poison, MemoryResult.Ok));
    }

    [Test]
    public void A_vmcs_field_that_does_not_exist_is_reported()
    {
        using SeamRig rig = new(OperationMode.SeamRoot);
        ISeamPlatform p = rig.Core.SeamPlatform;
        Assert.That(p.TryVmread((VmcsField)0x7000, out _), Is.False);
        Assert.That(p.Vmwrite((VmcsField)0x7000, 1), Is.EqualTo(VmxResult.FailValid));
        Assert.That(p.VmptrldTransferVmcs(), Is.EqualTo(VmxResult.Succeed));
        Assert.That(p.Vmread(VmcsField.HostRip), Is.EqualTo(SeamRig.SeamEntry));
    }

    private static SeamdbReference Running(ISeamPlatform p)
    {
        SeamopsResult r = p.Seamops(4, default, default, 0, 0);
        return new(r.R10, r.R11, r.R12, r.R13, r.R14);
    }
}
