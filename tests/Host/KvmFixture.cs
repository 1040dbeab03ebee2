using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;

namespace Seamsim.Tests.Host;

/// <summary>A loaded KVM on a <see cref="FakePlatform"/>, and one user process.</summary>
internal sealed class KvmFixture : KvmUser
{
    public KvmFixture(KvmOptions? options = null, FakePlatform? platform = null)
        : this(platform ?? new FakePlatform(), options ?? KvmOptions.Linux616)
    {
    }

    private KvmFixture(FakePlatform platform, KvmOptions options)
        : this(platform, Load(platform, options))
    {
    }

    private KvmFixture(FakePlatform platform, (HostKernel Kernel, Errno Error, KvmModule? Kvm) loaded)
        : base(loaded.Kernel, loaded.Error, loaded.Kvm) => Platform = platform;

    public FakePlatform Platform { get; }

    public FakeModule Module => Platform.Module;

    public override T Run<T>(Func<HostTask<T>> flow) => Platform.Run(flow);

    private static (HostKernel Kernel, Errno Error, KvmModule? Kvm) Load(FakePlatform platform, KvmOptions options)
    {
        HostKernel kernel = new(platform);
        (Errno error, KvmModule? kvm) = platform.Run(() => KvmModule.Load(kernel, platform.Cpus[0], options, null));
        return (kernel, error, kvm);
    }
}
