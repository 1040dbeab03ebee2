using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Tests.Host.OnMachine;

/// <summary>
/// Every policy with every program on the TDX module they were written for: TDs are built and run, and nobody notices
/// anything.
/// </summary>
[TestFixture]
internal sealed class PoliciesOnMachineTests
{
    private static readonly Lazy<CpuidKnowledge> Author = new(Measure);

    private static IEnumerable<TestCaseData> Rows() =>
        from policy in CpuidPolicyCatalog.All
        from program in CpuidProgramCatalog.Names
        select new TestCaseData(policy.Id, program);

    [TestCaseSource(nameof(Rows))]
    public void Hello_under_every_policy_with_every_program(string policy, string program)
    {
        using MachineFixture f = new(KvmOptions.For(CpuidPolicyCatalog.Find(policy)!));
        foreach (UnknownBits unknown in Enum.GetValues<UnknownBits>())
            foreach (int gpaw in (int[])[48, 52])
            {
                TdConfig config = Config(gpaw) with
                {
                    CpuidProgram = CpuidProgramCatalog.Find(program)!,
                    Knowledge = Author.Value with { Unknown = unknown },
                };
                TdVmm vmm = new(f.Kvm, config, new Silence());
                Assert.That(f.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.Ok), $"{unknown} {gpaw}: {vmm.Reason}");
                Assert.That(vmm.Noticed, Is.Empty, $"{unknown} {gpaw}");
                Assert.That(vmm.Td!.Ept.Wide, Is.EqualTo(gpaw == 52));
                Assert.That(vmm.Td.Xfam, Is.EqualTo(3));
                Assert.That(f.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished), vmm.Reason);
                f.Run(async () =>
                {
                    await vmm.Destroy(f.Cpu);
                    return 0;
                });
                Assert.That(f.PagesInUse, Is.Zero);
            }
    }

    [TestCase("P0")]
    [TestCase("P1")]
    [TestCase("P2")]
    [TestCase("P3")]
    [TestCase("P4")]
    [TestCase("P5")]
    [TestCase("P6")]
    [TestCase("P7")]
    public void A_program_that_knows_nothing_runs_hello_too(string policy)
    {
        using MachineFixture f = new(KvmOptions.For(CpuidPolicyCatalog.Find(policy)!));
        TdVmm vmm = new(f.Kvm, Config(52), new Silence());
        Assert.That(f.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.Ok), vmm.Reason);
        Assert.That(vmm.UserView, Is.Not.Empty);
        Assert.That(f.Run(() => vmm.Run(f.Cpu)), Is.EqualTo(TdEnd.Finished), vmm.Reason);
    }

    [TestCase("P0", 0x1803UL)]
    [TestCase("P6", 3UL)]
    public void Shadow_stacks_alone_on_the_real_module(string policy, ulong xfam)
    {
        using MachineFixture f = new(KvmOptions.For(CpuidPolicyCatalog.Find(policy)!));
        KvmTdx td = f.NewTd();
        KvmCpuidEntry2 sizes = policy == "P0" ? KvmUser.Sizes(0, 48) : KvmUser.Sizes(48);
        KvmCpuidEntry2 seven = new(7, 0, KvmUapi.CpuidFlagSignificantIndex, new CpuidValue(0, 0, 1 << 7, 0));
        Errno error = f.InitVm(td, sizes, seven);
        // With P6 the module is asked for a bit that follows XFAM and cannot be configured.
        Assert.That(error, Is.EqualTo(policy == "P0" ? Errno.Ok : Errno.EINVAL));
        Assert.That(policy == "P0" ? td.Xfam : 3, Is.EqualTo(xfam));
        Assert.That(f.HwError != 0, Is.EqualTo(policy == "P6"), "the module refuses");
    }

    /// <summary>The CPUID of a TD, asked from the module; what the author of a program knows.</summary>
    private static CpuidKnowledge Measure()
    {
        using MachineFixture f = new();
        TdVmm vmm = new(f.Kvm, Config(48), new Silence());
        Assert.That(f.Run(() => vmm.Build(f.Cpu)), Is.EqualTo(Errno.Ok), vmm.Reason);
        IReadOnlyList<CpuidConfig> module = f.Kernel.Tdx.Info.CpuidConfigs;
        return new CpuidKnowledge { Known = module, Documented = module, Believed = vmm.Cpuid };
    }

    private static TdConfig Config(int gpaw) => new()
    {
        Name = "a", Guest = BuiltInGuests.Find("hello")!, GuestPhysicalBits = gpaw, InitialBytes = 0,
    };

    private sealed class Silence : IConsole
    {
        public void Write(byte value)
        {
        }
    }
}
