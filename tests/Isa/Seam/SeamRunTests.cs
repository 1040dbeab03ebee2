using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Isa.Vmx;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Seam;

/// <summary>Real bytes from the host through SEAM into a TD and back, run by the engine.</summary>
public sealed unsafe class SeamRunTests
{
    private const ulong HostTables = 0x60_0000, HostCode = 0x62_0000, SeamEntry = VmxRig.SeamBase + 0x10_0000,
        TdExitEntry = SeamEntry + 0x1000, TdMemory = 0x70_0000, GuestCode = 0x3000;

    [Test]
    public void A_host_calls_the_module_which_runs_a_td_that_calls_back()
    {
        using SeamRig rig = Arrange(code =>
        {
            code.mov(eax, 0x1234);
            code.tdcall();
            code.mov(ebx, 0x77);
            code.tdcall();
        });
        List<string> story = [];
        Register(rig, story, exits: 2);
        Assert.That(rig.Core.Run(1000, ulong.MaxValue), Is.EqualTo(RunEnd.Halted));
        Assert.That(story,
            Is.EqualTo(new[] { "seamcall rax=5", "exit 77 rax=0x1234 rbx=0x0", "exit 77 rax=0x1234 rbx=0x77" }));
        Assert.That((rig.Core.Gpr(0), rig.Core.InSeam, rig.Core.Lp->Rip), Is.EqualTo((0UL, false, HostCode + 10)));
    }

    [Test]
    public void Private_memory_that_is_not_mapped_exits_with_its_address()
    {
        using SeamRig rig = Arrange(code =>
        {
            code.mov(rbx, 0x4567_8000);
            code.mov(rcx, __[rbx]);
        });
        List<string> story = [];
        Register(rig, story, exits: 1);
        Assert.That(rig.Core.Run(1000, ulong.MaxValue), Is.EqualTo(RunEnd.Halted));
        Assert.That(story[^1], Is.EqualTo("exit 48 rax=0x5 rbx=0x45678000"));
        Vmcs v = new(rig.Memory, new Hpa(rig.TdVmcsAddress));
        Assert.That((v[VmcsField.GuestPhysicalAddress], v[VmcsField.GuestLinearAddress],
            v[VmcsField.ExitQualification]),
            Is.EqualTo((0x4567_8000UL, 0x4567_8000UL, 0x181UL)));
    }

    [Test]
    public void Cpuid_and_hlt_of_a_td_exit()
    {
        using SeamRig rig = Arrange(code =>
        {
            code.cpuid();
            code.hlt();
        });
        List<string> story = [];
        Register(rig, story, exits: 2);
        rig.Core.Run(1000, ulong.MaxValue);
        Assert.That(story,
            Is.EqualTo(new[] { "seamcall rax=5", "exit 10 rax=0x5 rbx=0x0", "exit 12 rax=0x5 rbx=0x0" }));
    }

    [Test]
    public void Seamcall_in_a_td_exits_with_reason_76()
    {
        using SeamRig rig = Arrange(code => code.seamcall());
        List<string> story = [];
        Register(rig, story, exits: 1);
        rig.Core.Run(1000, ulong.MaxValue);
        Assert.That(story[^1], Does.StartWith("exit 76"));
    }

    private static SeamRig Arrange(Action<Assembler> guest)
    {
        SeamRig rig = new();
        MapOneToOne(rig, HostTables);
        rig.Core.Lp->Cr3 = HostTables;
        rig.Core.Lp->Rip = HostCode;
        rig.Core.Gpr(0) = 5;
        Write(rig, new Hpa(HostCode), Assemble(HostCode, c =>
        {
            c.nop();
            c.seamcall();
            c.xor(eax, eax);
            c.nop();
            c.nop();
            c.hlt();
        }));
        Vmcs transfer = rig.Transfer;
        transfer[VmcsField.HostCr3] = HostTables;
        transfer[VmcsField.HostRip] = SeamEntry;
        rig.Memory.FillPage(new Hpa(SeamEntry), 0, inSeam: true);
        rig.Memory.FillPage(new Hpa(TdExitEntry), 0, inSeam: true);
        PrepareGuest(rig, guest);
        rig.Core.ModeChanged();
        return rig;
    }

    /// <summary>Four private pages: two guest paging structures that map one to one, a stack, and the code.</summary>
    private static void PrepareGuest(SeamRig rig, Action<Assembler> guest)
    {
        rig.PrepareTd();
        Hpa Private(ulong address) => rig.Memory.Keys.WithKey(new Hpa(address), new KeyId(SeamRig.Hkid));
        for (ulong page = 0; page < 12; page++)
            rig.Memory.FillPage(Private(TdMemory + page * 0x1000), 0, inSeam: true);
        ulong root = TdMemory + 0x4000;
        for (ulong level = 0; level < 3; level++)
            rig.Memory.Write(Private(root + level * 0x1000), (root + (level + 1) * 0x1000) | 7, inSeam: true);
        for (ulong page = 0; page < 4; page++)
            rig.Memory.Write(Private(root + 0x3000 + page * 8), (TdMemory + page * 0x1000) | 7 | 6 << 3, inSeam: true);
        rig.Memory.Write(Private(TdMemory + 0x1000), 0x2003UL, inSeam: true);
        for (ulong gibibyte = 0; gibibyte < 4; gibibyte++)
            rig.Memory.Write(Private(TdMemory + 0x2000 + gibibyte * 8), gibibyte << 30 | 0x83, inSeam: true);
        Write(rig, Private(TdMemory + GuestCode), Assemble(GuestCode, guest));

        var v = new Vmcs(rig.Memory, new Hpa(rig.TdVmcsAddress))
        {
            [VmcsField.Eptp] = root | 3 << 3 | 6, [VmcsField.HostRip] = TdExitEntry, [VmcsField.HostCr3] = HostTables,
            [VmcsField.GuestCr3] = 0x1000, [VmcsField.GuestRip] = GuestCode, [VmcsField.GuestRsp] = 0x1000,
        };
        Assert.That(v[VmcsField.GuestRip], Is.EqualTo(GuestCode));
    }

    /// <summary>An image that enters the TD, tells each exit, skips the exiting instruction and goes back after the
    /// last.</summary>
    private static void Register(SeamRig rig, List<string> story, int exits)
    {
        var image = new Story(rig.TdVmcsAddress, story, exits);
        rig.Core.ManagedCode.Register(SeamEntry, new ManagedEntry(ManagedEntryKind.Seamcall, image));
        rig.Core.ManagedCode.Register(TdExitEntry, new ManagedEntry(ManagedEntryKind.TdExit, image));
    }

    private static void MapOneToOne(SeamRig rig, ulong tables)
    {
        rig.Rig.Write64(tables, (tables + 0x1000) | 3);
        for (ulong gibibyte = 0; gibibyte < 4; gibibyte++)
            rig.Rig.Write64(tables + 0x1000 + gibibyte * 8, gibibyte << 30 | 0x83);
    }

    private static byte[] Assemble(ulong rip, Action<Assembler> body)
    {
        Assembler code = new(64);
        body(code);
        using MemoryStream stream = new();
        code.Assemble(new StreamCodeWriter(stream), rip);
        return stream.ToArray();
    }

    private static void Write(SeamRig rig, Hpa at, byte[] bytes) => rig.Memory.Write(at, bytes, inSeam: true);

    private sealed class Story(ulong td, List<string> story, int exits) : IManagedImage
    {
        private int left = exits;

        public SeamEnd OnSeamcall(ISeamPlatform platform)
        {
            story.Add($"seamcall rax={platform.Gpr(0)}");
            platform.Vmwrite(VmcsField.GuestRip, platform.Vmread(VmcsField.GuestRip) + 4);
            platform.Vmptrld(new Hpa(td));
            return platform.EnterGuest(launch: true) == VmxResult.Succeed ? SeamEnd.Entered : SeamEnd.Shutdown;
        }

        public SeamEnd OnTdExit(ISeamPlatform platform)
        {
            story.Add($"exit {platform.Vmread(VmcsField.ExitReason)} rax=0x{platform.Gpr(0):x} rbx=0x{platform.Gpr(
                3):x}");
            platform.Vmwrite(VmcsField.GuestRip,
                platform.Vmread(VmcsField.GuestRip) + platform.Vmread(VmcsField.ExitInstructionLength));
            if (--left > 0)
                return platform.EnterGuest(launch: false) == VmxResult.Succeed ? SeamEnd.Entered : SeamEnd.Shutdown;
            platform.VmptrldTransferVmcs();
            return SeamEnd.SeamRet;
        }
    }
}
