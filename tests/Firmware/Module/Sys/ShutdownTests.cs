using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware.Module.Sys;

/// <summary>TDH.SYS.SHUTDOWN and the handoff data it leaves. TDX module 1.5.01, handoff data of version 0.</summary>
[Category("Conformance")]
public class ShutdownTests
{
    [TestCase((ushort)3, (ushort)1, false, 0UL, false, TestName = "{m}(too old)")]
    [TestCase((ushort)3, (ushort)1, false, 1UL, true, TestName = "{m}(the oldest)")]
    [TestCase((ushort)3, (ushort)1, false, 3UL, true, TestName = "{m}(the newest)")]
    [TestCase((ushort)3, (ushort)1, false, 4UL, false, TestName = "{m}(too new)")]
    [TestCase((ushort)3, (ushort)3, true, 2UL, false, TestName = "{m}(no downgrade)")]
    [TestCase((ushort)3, (ushort)3, false, 0x1_0003UL, false, TestName = "{m}(more than 16 bits)")]
    public void The_handoff_version_must_be_one_this_module_can_write(
        ushort newest, ushort oldest, bool noDowngrade, ulong asked, bool accepted)
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        BareMachine machine = platform.Machine;
        machine.Write(machine.SeamBase + SysInfoTable.ModuleHv, newest);
        machine.Write(machine.SeamBase + SysInfoTable.MinUpdateHv, oldest);
        machine.Write(machine.SeamBase + SysInfoTable.NoDowngrade, noDowngrade ? (byte)1 : (byte)0);
        Assert.That(
            platform.Seamcall("TDH.SYS.SHUTDOWN", new(Rcx: asked)).Status,
            Is.EqualTo(accepted ? TdxStatus.Success : TdxStatus.OperandInvalid.With(OperandId.Rcx)));
    }

    [Test]
    public void A_bad_version_beats_a_busy_module()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        BareLp lp = platform.Machine.Lps[0];
        Assert.That(ModuleData.Of(lp).TryHoldGlobalLock(LockMode.Exclusive));
        Assert.That(
            platform.SeamcallHoldingLocks("TDH.SYS.SHUTDOWN", new(Rcx: 9)).Status,
            Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rcx)));
        Assert.That(platform.SeamcallHoldingLocks("TDH.SYS.SHUTDOWN").Status, Is.EqualTo(TdxStatus.SysBusy));
    }

    [Test]
    public void The_handoff_data_names_keys_TDMRs_and_packages()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        TestTd td = TestTd.At(platform, TdStage.Blocked);
        platform.Do("TDH.SYS.SHUTDOWN");

        byte[] page = new byte[8 + 0xD08A];
        platform.Machine.Memory.Read(new Hpa(platform.Machine.Layout.Handoff), page, inSeam: true);
        Assert.That(page[..8], Is.EqualTo(new byte[] { 1, 0, 0, 0, 0x8A, 0xD0, 0, 0 }), "valid, version, size");
        ReadOnlySpan<byte> data = page.AsSpan(8);
        Assert.That((data[td.Hkid * 8], (KeyState)data[td.Hkid * 8 + 4]), Is.EqualTo(((byte)1, KeyState.Flushed)));
        Assert.That((KeyState)data[ModulePlatform.GlobalHkid * 8 + 4], Is.EqualTo(KeyState.Reserved));
        ulong[] tdmr = [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(data.Slice(0x8080, 48))];
        ulong[] info = ModulePlatform.DefaultTdmr();
        Assert.That(tdmr, Is.EqualTo(new[]
        {
            ModulePlatform.TdmrBase, ModulePlatform.TdmrBytes, ModulePlatform.TdmrBase + ModulePlatform.TdmrBytes,
            info[TdmrInfo.Pamt1GBase / 8], info[TdmrInfo.Pamt2MBase / 8], info[TdmrInfo.Pamt4KBase / 8],
        }));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(data[(0x8080 + 48)..]), Is.EqualTo(1), "blocks of 1 GiB");
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(data[0xD080..]), Is.EqualTo(1), "one TDMR");
        Assert.That(BinaryPrimitives.ReadUInt16LittleEndian(data[0xD084..]), Is.EqualTo(ModulePlatform.GlobalHkid));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(data[0xD086..]), Is.EqualTo(1), "package 0");
    }

    [Test]
    public void An_interrupted_write_back_is_handed_over()
    {
        using ModulePlatform platform = ModulePlatform.Ready();
        TestTd td = TestTd.At(platform, TdStage.Blocked);
        BareLp lp = platform.Machine.Lps[0];
        lp.Cpu.Msrs[0x9A] = 2;
        Assert.That(platform.Seamcall("TDH.PHYMEM.CACHE.WB").Status, Is.EqualTo(TdxStatus.InterruptedResumable));
        platform.Do("TDH.SYS.SHUTDOWN");
        byte[] wbt = new byte[2064];
        platform.Machine.Memory.Read(new Hpa(platform.Machine.Layout.Handoff + 8 + 0x4000), wbt, inSeam: true);
        Assert.That(BinaryPrimitives.ReadUInt64LittleEndian(wbt), Is.EqualTo(1), "one sub-block is done");
        Assert.That(wbt.AsSpan(8, 2048).ToArray().Index().Where(k => k.Item != 0).Select(k => k.Index),
            Is.EqualTo(new[] { (int)td.Hkid }));
    }
}
