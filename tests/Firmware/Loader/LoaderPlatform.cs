using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Loader;
using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using IsaPlatform = Seamsim.Tests.Isa.Models.TestPlatform;

namespace Seamsim.Tests.Firmware.Loader;

/// <summary>A platform with a launched P-SEAMLDR and a module blob in host memory; SEAMCALL without an engine.</summary>
internal sealed unsafe class LoaderPlatform : IDisposable
{
    public const ulong Parameters = 0x10_0000, Buffer = 0x20_0000, Sig = 0x30_0000, Image = 0x40_0000;
    public const ulong Seamrr = 0x2000_0000, SeamrrBytes = 32 << 20;

    private readonly IsaPlatform platform;

    public LoaderPlatform(ModuleManifest? manifest = null, int lps = 2)
    {
        platform = new IsaPlatform(new CpuParameters
        {
            LpsPerPackage = lps, SeamrrBase = Seamrr, SeamrrBytes = SeamrrBytes,
        });
        Loader = new PSeamldr(Code, new Dictionary<string, IManagedImage> { ["fake 1"] = Module });
        Launched = SeamFirmware.Launch(platform.Cores, [(0, Seamrr)], Code, Loader);
        foreach (Core core in platform.Cores)
        {
            core.Vmx.On = true;
            core.Lp->Efer = 0xD01;
            core.Lp->Cr0 = 0x8001_0031;
            core.Lp->Cr4 = 0x2620;
            core.Lp->Cs.AccessRights = 0xA09B;
            core.Lp->Rip = 0x1000;
        }
        Place(ModuleBlob.Build(manifest ?? DefaultManifest));
    }

    public static ModuleManifest DefaultManifest => new()
    {
        Module = "fake 1", Needs = new SeamImageNeeds(7, 1, 127, 16, 31, 0x3000), SeamcallEntryOffset = 0x40, SeamSvn = 5,
    };

    public bool Launched { get; }

    public ManagedCode Code { get; } = new();

    public PSeamldr Loader { get; }

    public FakeModule Module { get; } = new();

    public Uncore Uncore => platform.Uncore;

    public IReadOnlyList<Core> Cores => platform.Cores;

    /// <summary>Puts a blob and its SEAMLDR_PARAMS into host memory.</summary>
    public void Place(ModuleBlob blob)
    {
        Write(Sig, blob.SigStruct.ToArray());
        Write(Image, blob.Image.ToArray());
        byte[] parameters = new byte[4096];
        int pages = blob.Image.Length / 4096;
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.AsSpan(SeamldrParams.SigStruct), Sig);
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.AsSpan(SeamldrParams.NumPages), (ulong)pages);
        for (int i = 0; i < pages; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(
                parameters.AsSpan(SeamldrParams.Pages + 8 * i), Image + 4096UL * (ulong)i);
        Write(Parameters, parameters);
    }

    public void Write(ulong address, params byte[] bytes) => Uncore.Memory.Write(new Hpa(address), bytes, false);

    public void Write64(ulong address, ulong value) => Uncore.Memory.Write(new Hpa(address), value, false);

    public ulong Seam64(ulong address) => Uncore.Memory.Read<ulong>(new Hpa(address), true, out _);

    /// <summary>SEAMCALL to the P-SEAMLDR: the instruction, the managed entry it lands on, and SEAMRET.</summary>
    public SeamldrStatus Call(int lp, ulong leaf, ulong rcx = 0)
    {
        Core core = Cores[lp];
        ulong rip = core.Lp->Rip;
        core.Gpr(0) = (1UL << 63) | leaf;
        core.Gpr(1) = rcx;
        Assert.That(core.Seamcall(), Is.EqualTo(Outcome.Jumped), "the P-SEAMLDR is not callable");
        ManagedEntry? entry = Code.At(Translate(core, core.Lp->Rip));
        Assert.That(entry, Is.Not.Null, "no managed entry behind HOST_RIP");
        Assert.That(core.RunManaged(entry!), Is.EqualTo(Outcome.Jumped));
        Assert.That(core.Lp->Rip, Is.EqualTo(rip + 4));
        return (SeamldrStatus)core.Gpr(0);
    }

    /// <summary>INSTALL on every logical processor; the last answer.</summary>
    public SeamldrStatus InstallEverywhere()
    {
        SeamldrStatus status = default;
        for (int lp = 0; lp < Cores.Count; lp++)
            status = Call(lp, 1, Parameters);
        return status;
    }

    /// <summary>Walks four-level paging in the SEAM range: 4-KiB, 2-MiB or 1-GiB leaves.</summary>
    public ulong Translate(Core core, ulong linear)
    {
        const ulong address = 0x000F_FFFF_FFFF_F000;
        ulong table = core.Lp->Cr3 & address;
        for (int level = 3; ; level--)
        {
            int shift = 12 + 9 * level;
            ulong entry = Seam64(table + ((linear >> shift) & 511) * 8);
            Assert.That(entry & 1, Is.EqualTo(1), $"no translation of {linear:X}");
            ulong inPage = (1UL << shift) - 1;
            if (level == 0 || (entry & 0x80) != 0)
                return (entry & address & ~inPage) | (linear & inPage);
            table = entry & address;
        }
    }

    public void Dispose() => platform.Dispose();
}

/// <summary>A module that only notes that it was called.</summary>
internal sealed class FakeModule : IManagedImage
{
    public int Seamcalls { get; private set; }

    public SeamEnd OnSeamcall(ISeamPlatform platform)
    {
        Seamcalls++;
        platform.Vmwrite(Seamsim.Isa.Vmx.VmcsField.GuestRip, platform.Vmread(Seamsim.Isa.Vmx.VmcsField.GuestRip) + 4);
        return SeamEnd.SeamRet;
    }

    public SeamEnd OnTdExit(ISeamPlatform platform) => SeamEnd.Shutdown;
}
