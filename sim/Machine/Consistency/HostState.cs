using Seamsim.Isa.State;

namespace Seamsim.Consistency;

/// <summary>
/// MSRs of the host on every logical processor. Taken before and after trust domains run, the difference is what a
/// feature of theirs has clobbered and nobody restored.
/// </summary>
internal sealed class HostState
{
    private readonly IReadOnlyDictionary<uint, ulong>[] written;

    private HostState(Machine machine) =>
        written = [.. machine.Cores.Select(core => new Dictionary<uint, ulong>(core.WrittenMsrs))];

    /// <summary>The state now; to be called while every processor is in the host.</summary>
    public static HostState Of(Machine machine) => new(machine);

    /// <summary>MSRs that do not hold any more what they held here: processor, MSR, value then, value now.</summary>
    public IReadOnlyList<ClobberedMsr> ClobberedIn(Machine machine)
    {
        List<ClobberedMsr> clobbered = [];
        for (int lp = 0; lp < written.Length; lp++)
        {
            Core core = machine.Cores[lp];
            foreach (uint msr in written[lp].Keys.Union(core.WrittenMsrs.Keys).Order())
            {
                ulong before = written[lp].TryGetValue(msr, out ulong value) ? value : core.ResetValueOf(msr);
                ulong now = core.WrittenMsrs.TryGetValue(msr, out value) ? value : core.ResetValueOf(msr);
                if (before != now)
                    clobbered.Add(new ClobberedMsr(lp, msr, before, now));
            }
        }
        return clobbered;
    }
}

/// <summary>An MSR of the host that changed while trust domains ran.</summary>
/// <param name="Lp">Logical processor.</param>
/// <param name="Msr">The MSR.</param>
/// <param name="Before">What the host had.</param>
/// <param name="Now">What it has now.</param>
internal readonly record struct ClobberedMsr(int Lp, uint Msr, ulong Before, ulong Now);
