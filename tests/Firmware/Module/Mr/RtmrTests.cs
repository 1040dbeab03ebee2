using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mr;

/// <summary>TDG.MR.RTMR.EXTEND. TDX Module 1.5 ABI, "TDG.MR.RTMR.EXTEND Leaf".</summary>
[Category("Conformance")]
public class RtmrTests
{
    private const int Leaf = 2;

    [Test]
    public void Extending_hashes_the_old_value_and_48_bytes()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa, content: 7);
        byte[] expected = new byte[48];
        for (int i = 0; i < 3; i++)
        {
            Assert.That(td.Tdcall(Leaf, td.Gpa + 0x40, 2).Status, Is.EqualTo(TdxStatus.Success));
            expected = SHA384.HashData([.. expected, .. Enumerable.Repeat((byte)7, 48)]);
            Assert.That(Rtmr(td, 2), Is.EqualTo(expected), $"after extension {i}");
        }
        Assert.That(Rtmr(td, 0), Is.All.Zero);
        Assert.That(Rtmr(td, 3), Is.All.Zero);
    }

    [Test]
    public void A_cached_TEE_INFO_HASH_is_no_longer_valid()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        SetCacheValid(td.Tdcs);
        td.Tdcall(Leaf, td.Gpa, 0);
        Assert.That(td.Tdcs.TeeInfoHashValid, Is.False);
    }

    [Test]
    public void Checks_come_in_the_order_of_the_ABI()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        td.AugPage(td.Gpa + 4096);
        ulong shared = 1UL << 47;
        Assert.Multiple(() =>
        {
            Assert.That(td.Tdcall(Leaf, td.Gpa + 32, 9).Status, Is.EqualTo(Invalid(OperandId.Rcx)), "alignment first");
            Assert.That(td.Tdcall(Leaf, td.Gpa | shared, 9).Status, Is.EqualTo(Invalid(OperandId.Rcx)), "then private");
            Assert.That(
                td.Tdcall(Leaf, td.Gpa + 4096, 9).Kind, Is.EqualTo(GuestLeafEndKind.EptViolationVe), "walk beats RDX");
            td.Lp.Write<ushort>(td.Tdcs.RtmrLock, 1);
            Assert.That(td.Tdcall(Leaf, td.Gpa, 4).Status, Is.EqualTo(Invalid(OperandId.Rdx)), "index beats lock");
            Assert.That(td.Tdcall(Leaf, td.Gpa, 3).Status, Is.EqualTo(TdxStatus.OperandBusy.With(OperandId.Rtmr)));
            td.Lp.Write<ushort>(td.Tdcs.RtmrLock, 2);
            Assert.That(
                td.Tdcall(Leaf, td.Gpa, 3).Status, Is.EqualTo(TdxStatus.OperandBusyHostPriority.With(OperandId.Rtmr)));
        });
        Assert.That(Rtmr(td, 3), Is.All.Zero, "no failure left a mark");
    }

    private static void SetCacheValid(Tdcs tdcs) => tdcs.TeeInfoHashValid = true;

    private static TdxStatus Invalid(OperandId operand) => TdxStatus.OperandInvalid.With(operand);

    private static byte[] Rtmr(MemTd td, int index)
    {
        byte[] bytes = new byte[48];
        td.Lp.ReadBytes(td.Tdcs.Rtmr(index), bytes);
        return bytes;
    }
}
