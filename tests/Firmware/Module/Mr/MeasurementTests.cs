using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Mr;

/// <summary>MRTD against a digest recomputed from the list of pages. TDX Module 1.5 base, "MRTD".</summary>
[Category("Conformance")]
public class MeasurementTests
{
    [Test]
    public void MRTD_is_the_hash_of_every_page_added_and_every_chunk_extended()
    {
        using var td = new MemTd();
        List<byte> log = [];
        for (ulong i = 0; i < 3; i++)
        {
            ulong gpa = td.Gpa + i * 4096;
            td.AddPage(gpa, content: (byte)(i + 1));
            log.AddRange(Header("MEM.PAGE.ADD", gpa));
            for (ulong chunk = 0; chunk < 4096 && i != 1; chunk += 256)
            {
                Assert.That(td.Call(16, gpa + chunk), Is.EqualTo(TdxStatus.Success));
                log.AddRange(Header("MR.EXTEND", gpa + chunk));
                log.AddRange(Enumerable.Repeat((byte)(i + 1), 256));
            }
        }
        Finalize(td);
        Assert.That(Bytes(td, td.Tdcs.MrTd), Is.EqualTo(SHA384.HashData([.. log])));
        Assert.That(td.Tdcs.OpState, Is.EqualTo(OpState.Runnable));
    }

    [Test]
    public void The_order_of_measurement_matters()
    {
        using var first = new MemTd();
        using var second = new MemTd();
        first.AddPage(first.Gpa);
        first.AddPage(first.Gpa + 4096);
        second.AddPage(second.Gpa + 4096);
        second.AddPage(second.Gpa);
        Finalize(first);
        Finalize(second);
        Assert.That(Bytes(first, first.Tdcs.MrTd), Is.Not.EqualTo(Bytes(second, second.Tdcs.MrTd)));
    }

    [Test]
    public void A_TD_without_pages_has_the_hash_of_nothing()
    {
        using var td = new MemTd();
        Finalize(td);
        Assert.That(Bytes(td, td.Tdcs.MrTd), Is.EqualTo(SHA384.HashData([])));
    }

    [Test]
    public void SERVTD_HASH_is_zero_without_a_binding()
    {
        using var td = new MemTd();
        Finalize(td);
        Assert.That(Bytes(td, td.Tdcs.ServTdHash), Is.All.Zero);
    }

    [Test]
    public void SERVTD_HASH_covers_info_hash_type_and_attributes_of_a_binding()
    {
        using var td = new MemTd();
        byte[] infoHash = [.. Enumerable.Range(1, 48).Select(i => (byte)i)];
        Hpa binding = td.Tdcs.Field(0xD90);
        td.Lp.Write<byte>(binding, 1);
        td.Lp.Write<ushort>(binding + 2, 0x1234);
        td.Lp.Write(binding + 8, 0x8877665544332211);
        td.Lp.WriteBytes(binding + 48, infoHash);
        Finalize(td);
        byte[] input = [.. infoHash, 0x34, 0x12, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
        Assert.That(Bytes(td, td.Tdcs.ServTdHash), Is.EqualTo(SHA384.HashData(input)));
    }

    [Test]
    public void Nothing_can_be_measured_after_the_measurement_is_closed()
    {
        using var td = new MemTd();
        td.AddPage(td.Gpa);
        Finalize(td);
        Assert.That(td.Call(16, td.Gpa), Is.EqualTo(TdxStatus.OpStateIncorrect));
        Assert.That(td.Call(2, td.Gpa + 4096, td.FreePage(), MemTd.HostPage), Is.EqualTo(TdxStatus.OpStateIncorrect));
        Assert.That(td.Call(17, MemTd.TdrPage), Is.EqualTo(TdxStatus.OpStateIncorrect));
    }

    [Test]
    public void An_absent_page_cannot_be_measured_and_is_described()
    {
        using var td = new MemTd();
        td.BuildTo(td.Gpa, 0);
        Assert.That(td.Call(16, td.Gpa), Is.EqualTo(TdxStatus.EptEntryNotPresent.With(OperandId.Rcx)));
        Assert.That((td.Lp.Gpr(1), td.Lp.Gpr(2)), Is.EqualTo((1UL << 63, 0UL)));
    }

    private static void Finalize(MemTd td)
    {
        td.Tdcs.AddVcpus(1);
        Assert.That(td.Call(17, MemTd.TdrPage), Is.EqualTo(TdxStatus.Success));
    }

    private static byte[] Bytes(MemTd td, Hpa address)
    {
        byte[] bytes = new byte[48];
        td.Lp.ReadBytes(address, bytes);
        return bytes;
    }

    private static byte[] Header(string name, ulong gpa)
    {
        byte[] block = new byte[128];
        Encoding.ASCII.GetBytes(name, block);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(16), gpa);
        return block;
    }
}
