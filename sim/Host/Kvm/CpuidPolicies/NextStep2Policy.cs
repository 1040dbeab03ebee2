using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P5, the second step after the series: INIT_VCPU takes the whole CPUID of the vCPU, compares every leaf with the TD
/// and refuses it all when one differs; nothing else writes the vCPU's CPUID. CAPABILITIES, INIT_VM and GET_CPUID are
/// those of <see cref="NextStep1Policy"/> (the proposal leaves open whether they filter).
/// </summary>
public sealed class NextStep2Policy : ICpuidPolicy
{
    private readonly NextStep1Policy before = new();

    /// <inheritdoc/>
    public string Id => "P5";

    /// <inheritdoc/>
    public string Name => "next2";

    /// <inheritdoc/>
    public string Description => "next step 2: as P4, and INIT_VCPU verifies the vCPU's CPUID against the TD";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Series;

    /// <inheritdoc/>
    public ulong ExtraXfam => before.ExtraXfam;

    /// <inheritdoc/>
    public VcpuCpuidSource VcpuCpuid => VcpuCpuidSource.InitVcpuVerifies;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) => before.Report(context);

    /// <inheritdoc/>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td) =>
        before.InitVm(context, user, td);

    /// <summary>
    /// -EINVAL when a leaf differs from the TD's. Not compared: the hypervisor's own leaves; leaves the module does not
    /// let be read, for a TD asks the hypervisor about those; bits that follow a vCPU's state (assumed).
    /// </summary>
    public async HostTask<VcpuCpuid> InitVcpu(
        CpuidContext context, TdFeatures td, ITdCpuid module, IReadOnlyList<KvmCpuidEntry2> user)
    {
        foreach (KvmCpuidEntry2 entry in user)
        {
            if (ParavirtualLeaves.Contains(entry.Function) || await RawReadout.Of(module, entry) is not { } value)
                continue;
            CpuidValue compared = ~RuntimeCpuid.Mask(entry.Function, entry.Index);
            if ((entry.Value & compared) != (value & compared))
                return new VcpuCpuid(Errno.EINVAL, [], null);
        }
        return new VcpuCpuid(Errno.Ok, user, null);
    }

    /// <inheritdoc/>
    public HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => before.GetCpuid(context, module);

    /// <summary>-EINVAL: the vCPU's CPUID comes from INIT_VCPU.</summary>
    public Errno SetCpuid2(TdFeatures td, IReadOnlyList<KvmCpuidEntry2> entries) => Errno.EINVAL;
}
