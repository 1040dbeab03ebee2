using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm;
using Seamsim.Isa.Seam;
using Seamsim.Runs;

namespace Seamsim;

/// <summary>A trust domain on a <see cref="Machine"/>, driven by a small VMM through KVM.</summary>
public sealed class Td
{
    private readonly Machine machine;
    private readonly TdVmm vmm;
    private readonly OutputConsole console;
    private readonly ulong maxInstructions;

    internal Td(Machine machine, TdVmm vmm, OutputConsole console, ulong maxInstructions) =>
        (this.machine, this.vmm, this.console, this.maxInstructions) = (machine, vmm, console, maxInstructions);

    /// <summary>Its name.</summary>
    public string Name => vmm.Config.Name;

    /// <summary>MRTD, 48 bytes.</summary>
    public ReadOnlySpan<byte> Mrtd => vmm.Mrtd;

    /// <summary>What the guest has printed.</summary>
    public string Output => console.Text;

    /// <summary>CPUID as the TD sees it, from KVM_TDX_GET_CPUID; zeros for a leaf the TD does not have.</summary>
    /// <param name="leaf">EAX of CPUID.</param>
    /// <param name="subleaf">ECX of CPUID.</param>
    public CpuidResult ReadCpuid(uint leaf, uint subleaf = 0)
    {
        foreach (KvmCpuidEntry2 entry in vmm.Cpuid)
            if (entry.Function == leaf && entry.Index == subleaf)
                return new CpuidResult(entry.Value.Eax, entry.Value.Ebx, entry.Value.Ecx, entry.Value.Edx);
        return default;
    }

    /// <summary>
    /// Runs every vCPU until the guest ends or has spent <see cref="TdPlan.MaxInstructions"/>; false when it did not end
    /// well (<paramref name="reason"/> says why).
    /// </summary>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public bool Run(out string reason)
    {
        using TdLimits limits = new(machine, [(vmm, maxInstructions)]);
        TdEnd end = machine.Execute(0, vmm.Run);
        reason = end == TdEnd.Finished ? "" : $"{end}: {vmm.Reason}";
        return end == TdEnd.Finished;
    }

    /// <summary>Tears the TD down: flush, free the KeyID, reclaim every page.</summary>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public void Destroy() => machine.Execute(0, async cpu =>
    {
        await vmm.Destroy(cpu);
        return 0;
    });
}
