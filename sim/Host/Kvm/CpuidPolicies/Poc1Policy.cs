using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm.CpuidPolicies;

/// <summary>
/// P2, the first proof of concept before the series: only bits KVM supports may be configured; INIT_VCPU reads the
/// leaves user space names from the TD, cuts them to what KVM knows, returns them and makes them the vCPU's CPUID,
/// together with the hypervisor's own leaves that INIT_VM put aside. KVM_SET_CPUID2 is closed.
/// </summary>
public sealed class Poc1Policy : ICpuidPolicy
{
    /// <inheritdoc/>
    public string Id => "P2";

    /// <inheritdoc/>
    public string Name => "poc1";

    /// <inheritdoc/>
    public string Description => "first proof of concept: INIT_VCPU reads the TD and writes the vCPU's CPUID";

    /// <inheritdoc/>
    public KvmGeneration Generation => KvmGeneration.Series;

    /// <inheritdoc/>
    public ulong ExtraXfam => PreV19Policy.ExtraComponents;

    /// <inheritdoc/>
    public VcpuCpuidSource VcpuCpuid => VcpuCpuidSource.InitVcpuReads;

    /// <inheritdoc/>
    public bool HasGetCpuid => false;

    /// <inheritdoc/>
    public IReadOnlyList<CpuidConfig> Report(CpuidContext context) =>
        CpuidSlots.Shown(context, config => Configurable(context, config));

    /// <summary>
    /// Bits CAPABILITIES does not show are refused, also in leaves the module has no slot for (assumed: a leaf without
    /// slot has no configurable bit). Hypervisor leaves within what KVM supports are put aside.
    /// </summary>
    public Errno InitVm(CpuidContext context, IReadOnlyList<KvmCpuidEntry2> user, TdFeatures td)
    {
        if (!context.Supports(td) || CpuidSlots.AnyOutside(context, user, config => Configurable(context, config)))
            return Errno.EINVAL;
        List<KvmCpuidEntry2> paravirtual = [];
        foreach (KvmCpuidEntry2 entry in user)
        {
            bool own = ParavirtualLeaves.Contains(entry.Function);
            CpuidValue allowed = own ? Visible(context, entry.Function, entry.Index) : default;
            bool hasSlot = context.Module.Any(config => entry.Answers(config.Leaf, config.Index));
            if (!hasSlot && (entry.Value & ~allowed) != default)
                return Errno.EINVAL;
            if (own)
                paravirtual.Add(entry);
        }
        CpuidSlots.Fill(context, user, td);
        td.Kept = paravirtual;
        return Errno.Ok;
    }

    /// <summary>A leaf KVM does not know, or the module does not show, is missing in the answer (assumed).</summary>
    public async HostTask<VcpuCpuid> InitVcpu(
        CpuidContext context, TdFeatures td, ITdCpuid module, IReadOnlyList<KvmCpuidEntry2> user)
    {
        List<KvmCpuidEntry2> installed = [], answer = [];
        foreach (KvmCpuidEntry2 asked in user)
        {
            if (ParavirtualLeaves.Contains(asked.Function))
            {
                answer.AddRange(td.Kept.Where(kept => kept.Answers(asked.Function, asked.Index)).Take(1));
                continue;
            }
            CpuidValue visible = Visible(context, asked.Function, asked.Index);
            if (visible == default || await RawReadout.Of(module, asked) is not { } value)
                continue;
            KvmCpuidEntry2 entry = asked with { Value = value & visible };
            installed.Add(entry);
            answer.Add(entry);
        }
        installed.AddRange(td.Kept);
        return new VcpuCpuid(Errno.Ok, installed, answer);
    }

    /// <inheritdoc/>
    public async HostTask<CpuidReadout> GetCpuid(CpuidContext context, ITdCpuid module) => new(Errno.EINVAL, []);

    /// <summary>-EINVAL: the vCPU's CPUID comes from INIT_VCPU.</summary>
    public Errno SetCpuid2(TdFeatures td, IReadOnlyList<KvmCpuidEntry2> entries) => Errno.EINVAL;

    /// <inheritdoc/>
    public CpuidValue Visible(CpuidContext context, uint leaf, uint index)
    {
        foreach (KvmCpuidEntry2 known in context.Supported)
            if (known.Answers(leaf, index))
                return AddressSizeLeaf.WithGuestBitsMask(leaf, known.Value);
        return default;
    }

    private CpuidValue Configurable(CpuidContext context, in CpuidConfig config) =>
        AddressSizeLeaf.WithGuestBitsMask(config.Leaf, config.Mask) & Visible(context, config.Leaf, config.Index);
}
