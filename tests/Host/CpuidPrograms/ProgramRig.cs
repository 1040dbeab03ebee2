using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;
using Seamsim.Host.Vmm;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Tests.Host.CpuidPrograms;

/// <summary>A VMM with one program under one policy, on the fake module.</summary>
internal sealed class ProgramRig
{
    public ProgramRig(string policy, string program, CpuidKnowledge? knowledge = null, FakePlatform? platform = null)
    {
        Kvm = new KvmFixture(KvmOptions.For(CpuidPolicyCatalog.Find(policy)!), platform);
        Config = new TdConfig
        {
            Name = "a",
            Guest = new GuestImage("test", [new GuestRegion(0xFFFF_F000, new byte[4096])]),
            InitialBytes = 0,
            CpuidProgram = CpuidProgramCatalog.Find(program)!,
            Knowledge = knowledge ?? new CpuidKnowledge(),
        };
    }

    public KvmFixture Kvm { get; }

    public TdConfig Config { get; set; }

    public TdVmm Vmm { get; private set; } = null!;

    /// <summary>The configurable bits of the fake module.</summary>
    public static IReadOnlyList<CpuidConfig> Module { get; } = new KvmFixture().Kernel.Tdx.Info.CpuidConfigs;

    public Errno Build()
    {
        Vmm = new TdVmm(Kvm.Kvm, Config, new Silence());
        return Kvm.Platform.Run(() => Vmm.Build(Kvm.Cpu));
    }

    private sealed class Silence : IConsole
    {
        public void Write(byte value)
        {
        }
    }
}
