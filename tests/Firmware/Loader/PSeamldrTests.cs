using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Loader;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Tests.Firmware.Loader;

public sealed unsafe class PSeamldrTests
{
    private const ulong Info = 0, Install = 1, Shutdown = 2, SeamInfo = 3;

    private LoaderPlatform platform = null!;

    [SetUp]
    public void Launch()
    {
        platform = new LoaderPlatform();
        Assert.That(platform.Launched, Is.True);
    }

    [TearDown]
    public void PowerOff() => platform.Dispose();

    [Test]
    public void INFO_describes_the_loader_and_nothing_loaded()
    {
        Assert.That(platform.Call(0, Info, LoaderPlatform.Buffer), Is.EqualTo(SeamldrStatus.Success));
        byte[] info = Host(LoaderPlatform.Buffer, 256);
        Assert.Multiple(() =>
        {
            Assert.That(BitConverter.ToUInt32(info, 8), Is.EqualTo(0x8086));
            Assert.That(info[160..163], Is.EqualTo(new byte[] { 0, 0, 1 }));
        });
    }

    [TestCase(Info, LoaderPlatform.Buffer + 128)]
    [TestCase(Info, LoaderPlatform.Seamrr + 0x1000)]
    [TestCase(Info, 40UL << 46)]
    [TestCase(SeamInfo, LoaderPlatform.Buffer + 1024)]
    [TestCase(Install, LoaderPlatform.Parameters + 8)]
    [TestCase(Install, LoaderPlatform.Seamrr)]
    [TestCase(99UL, LoaderPlatform.Buffer)]
    public void A_bad_operand_or_leaf_is_refused(ulong leaf, ulong rcx) =>
        Assert.That(platform.Call(0, leaf, rcx), Is.EqualTo(SeamldrStatus.EBadParam));

    [Test]
    public void SEAMINFO_tells_what_MCHECK_found()
    {
        Assert.That(platform.Call(1, SeamInfo, LoaderPlatform.Buffer), Is.EqualTo(SeamldrStatus.Success));
        byte[] info = Host(LoaderPlatform.Buffer, 2048);
        Assert.Multiple(() =>
        {
            Assert.That(BitConverter.ToUInt32(info, 8), Is.EqualTo(2));
            Assert.That(BitConverter.ToUInt32(info, 16), Is.EqualTo(0x806F8));
            Assert.That(BitConverter.ToUInt64(info, 48), Is.EqualTo(LoaderPlatform.Seamrr + (30 << 20)));
            Assert.That(BitConverter.ToUInt64(info, 136), Is.EqualTo(LoaderPlatform.Seamrr), "the CMR ends below");
        });
    }

    [Test]
    public void The_last_logical_processor_installs_and_the_module_is_called_on_each()
    {
        Assert.That(platform.Call(0, Install, LoaderPlatform.Parameters), Is.EqualTo(SeamldrStatus.Success));
        Assert.That(platform.Uncore.Seam.SeamReady, Is.False);
        Assert.That(platform.Call(1, Install, LoaderPlatform.Parameters), Is.EqualTo(SeamldrStatus.Success));
        Assert.That(platform.Uncore.Seam.SeamReady, Is.True);

        foreach (Core core in platform.Cores)
        {
            core.Gpr(0) = 33;
            Assert.That(core.Seamcall(), Is.EqualTo(Outcome.Jumped));
            ManagedEntry? entry = platform.Code.At(platform.Translate(core, core.Lp->Rip));
            Assert.That(entry?.Kind, Is.EqualTo(ManagedEntryKind.Seamcall));
            Assert.That(platform.Translate(core, core.Lp->Gs.Base),
                Is.EqualTo(Sys(SysInfoTable.LocalDataAddress) + (ulong)core.Index * Sys(SysInfoTable.LocalDataStride)));
            Assert.That(platform.Translate(core, core.Lp->Fs.Base), Is.EqualTo(LoaderPlatform.Seamrr));
            Assert.That(platform.Translate(core, core.Gpr(4) - 8), Is.LessThan(Sys(SysInfoTable.CodeAddress)));
            Assert.That(core.RunManaged(entry!), Is.EqualTo(Outcome.Jumped));
        }
        Assert.That(platform.Module.Seamcalls, Is.EqualTo(2));
    }

    [Test]
    public void MRSEAM_is_the_hash_of_the_image_and_SYSINFO_names_the_module()
    {
        ModuleBlob blob = ModuleBlob.Build(LoaderPlatform.DefaultManifest);
        Assert.That(platform.InstallEverywhere(), Is.EqualTo(SeamldrStatus.Success));
        Assert.Multiple(() =>
        {
            Assert.That(platform.Uncore.Seam.MrSeam.ToArray(), Is.EqualTo(SHA384.HashData(blob.Image.Span)));
            Assert.That(platform.Uncore.Seam.TeeTcbSvn[0], Is.EqualTo(5));
            Assert.That(Sys(SysInfoTable.SeamStatus), Is.EqualTo((ulong)SeamStatusValue.ModuleLoaded));
            Assert.That(Sys(SysInfoTable.ModuleBuildDate) & uint.MaxValue, Is.EqualTo(0x20240222));
            Assert.That(Sys(SysInfoTable.TdExitEntryOffset), Is.EqualTo(0x1000));
            Assert.That(platform.Code.At(Sys(SysInfoTable.CodeAddress) + 0x1000)?.Kind, Is.EqualTo(ManagedEntryKind.TdExit));
        });
    }

    [Test]
    public void A_second_call_on_the_same_logical_processor_is_refused()
    {
        platform.Call(0, Install, LoaderPlatform.Parameters);
        Assert.That(platform.Call(0, Install, LoaderPlatform.Parameters), Is.EqualTo(SeamldrStatus.EBadCall));
    }

    [Test]
    public void Every_logical_processor_passes_the_same_parameters()
    {
        platform.Call(0, Install, LoaderPlatform.Parameters);
        platform.Write64(LoaderPlatform.Parameters + SeamldrParams.SigStruct, LoaderPlatform.Sig + 0x1000);
        Assert.That(platform.Call(1, Install, LoaderPlatform.Parameters), Is.EqualTo(SeamldrStatus.EBadParam));
    }

    // Offset in SEAMLDR_PARAMS, value of the qword there.
    [TestCase(SeamldrParams.Version, 1UL)]
    [TestCase(SeamldrParams.Version, 2UL << 32)]
    [TestCase(SeamldrParams.SigStruct, LoaderPlatform.Sig + 0x800)]
    [TestCase(SeamldrParams.SigStruct, LoaderPlatform.Seamrr)]
    [TestCase(64, 1UL)]
    [TestCase(SeamldrParams.NumPages, 0UL)]
    [TestCase(SeamldrParams.NumPages, 497UL)]
    [TestCase(SeamldrParams.Pages + 8, LoaderPlatform.Image + 0x10)]
    [TestCase(SeamldrParams.Pages + 8, LoaderPlatform.Seamrr + 0x1000)]
    public void Malformed_parameters_are_refused(int offset, ulong value)
    {
        platform.Write64(LoaderPlatform.Parameters + (ulong)offset, value);
        Assert.That(platform.Call(0, Install, LoaderPlatform.Parameters), Is.EqualTo(SeamldrStatus.EBadParam));
    }

    [Test]
    public void A_malformed_SIGSTRUCT_beats_a_wrong_hash()
    {
        platform.Write(LoaderPlatform.Sig + SeamSigStruct.SeamHash, 0xFF);
        platform.Write(LoaderPlatform.Sig + SeamSigStruct.HeaderType, 7);
        AssertRefused(SeamldrStatus.EBadSig);
    }

    [Test]
    public void A_changed_image_has_the_wrong_hash()
    {
        platform.Write(LoaderPlatform.Image + 0x2FFF, 1);
        AssertRefused(SeamldrStatus.EBadHash);
    }

    [Test]
    public void A_module_for_other_processors_is_refused()
    {
        platform.Place(ModuleBlob.Build(LoaderPlatform.DefaultManifest with { SupportedCpus = [0xC06F2] }));
        AssertRefused(SeamldrStatus.EUnsupCpu);
        platform.Place(ModuleBlob.Build(LoaderPlatform.DefaultManifest with { SupportedCpus = [0xC06F2, 0x806F4] }));
        Assert.That(platform.InstallEverywhere(), Is.EqualTo(SeamldrStatus.Success), "the stepping does not matter");
    }

    [Test]
    public void A_module_too_large_for_the_SEAM_range_is_refused()
    {
        SeamImageNeeds needs = LoaderPlatform.DefaultManifest.Needs with { NumGlobalDataPages = 8000 };
        platform.Place(ModuleBlob.Build(LoaderPlatform.DefaultManifest with { Needs = needs }));
        AssertRefused(SeamldrStatus.ENoMem);
    }

    [Test]
    public void A_name_nobody_registered_is_refused()
    {
        platform.Place(ModuleBlob.Build(LoaderPlatform.DefaultManifest with { Module = "fake 2" }));
        AssertRefused(SeamldrStatus.EUnspecErr);
    }

    [Test]
    public void Without_entropy_nothing_is_installed_and_a_retry_succeeds()
    {
        platform.Cores[1].Random.FailuresAhead = 1;
        AssertRefused(SeamldrStatus.ENoEntropy);
        Assert.That(platform.InstallEverywhere(), Is.EqualTo(SeamldrStatus.Success));
    }

    [Test]
    public void An_update_needs_a_module_to_take_over_and_keeps_its_handoff_pages()
    {
        platform.Write(LoaderPlatform.Parameters + SeamldrParams.Scenario, 1);
        AssertRefused(SeamldrStatus.EBadHandoff);

        platform.Write(LoaderPlatform.Parameters + SeamldrParams.Scenario, 0);
        platform.InstallEverywhere();
        Hpa handoff = new(Sys(SysInfoTable.HandoffAddress)), global = new(Sys(SysInfoTable.GlobalDataAddress));
        platform.Uncore.Memory.Write(handoff, 0x1234UL, true);
        platform.Uncore.Memory.Write(global, 0x5678UL, true);

        platform.Write(LoaderPlatform.Parameters + SeamldrParams.Scenario, 1);
        Assert.That(platform.InstallEverywhere(), Is.EqualTo(SeamldrStatus.Success));
        Assert.That((platform.Seam64(handoff.Value), platform.Seam64(global.Value)), Is.EqualTo((0x1234UL, 0UL)));
    }

    [Test]
    public void From_the_first_INSTALL_on_the_old_module_is_out_of_reach()
    {
        platform.InstallEverywhere();
        platform.Call(0, Install, LoaderPlatform.Parameters);
        Core core = platform.Cores[1];
        core.Gpr(0) = 33;
        Assert.That(core.Seamcall(), Is.EqualTo(Outcome.Next), "VMfailInvalid");
        Assert.That(core.Rflags & 1, Is.EqualTo(1));
    }

    [Test]
    public void SHUTDOWN_on_every_logical_processor_takes_module_and_loader_away()
    {
        platform.InstallEverywhere();
        Assert.That(platform.Call(0, Shutdown), Is.EqualTo(SeamldrStatus.Success));
        Assert.That(platform.Call(0, Shutdown), Is.EqualTo(SeamldrStatus.EBadCall));
        Assert.That(platform.Uncore.Seam.SeamReady, Is.True);
        Assert.That(platform.Call(1, Shutdown), Is.EqualTo(SeamldrStatus.Success));
        Assert.That((platform.Uncore.Seam.SeamReady, platform.Uncore.Seam.PSeamldrReady), Is.EqualTo((false, false)));
        Assert.That(platform.Code.At(Sys(SysInfoTable.CodeAddress) + 0x40), Is.Null);
    }

    [Test]
    public void INFO_counts_the_installations_that_are_left()
    {
        uint Left()
        {
            platform.Call(0, Info, LoaderPlatform.Buffer);
            return BitConverter.ToUInt32(Host(LoaderPlatform.Buffer, 256), SeamldrInfo.NumRemainingUpdates);
        }

        uint before = Left();
        platform.InstallEverywhere();
        Assert.That(Left(), Is.EqualTo(before - 1));
    }

    // Nothing of the failed installation is callable.
    private void AssertRefused(SeamldrStatus expected)
    {
        Assert.That(platform.InstallEverywhere(), Is.EqualTo(expected));
        Assert.That(platform.Uncore.Seam.SeamReady, Is.False);
        Assert.That(platform.Code.At(LoaderPlatform.Seamrr + (28 << 20) + 0x40), Is.Null);
    }

    private ulong Sys(int offset) => platform.Seam64(LoaderPlatform.Seamrr + (ulong)offset);

    private byte[] Host(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        platform.Uncore.Memory.Read(new Hpa(address), bytes, false);
        return bytes;
    }
}
