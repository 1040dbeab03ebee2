using Seamsim.Guests;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Vmm;
using Seamsim.Runs;

namespace Seamsim;

/// <content>Trust domains.</content>
public sealed partial class Machine
{
    private KvmModule? kvm;

    internal KvmModule Kvm => kvm ?? throw new TdxUnavailableException("TDX is not initialised");

    /// <summary>Creates a TD, adds and measures its memory and finalizes it; it can run.</summary>
    /// <param name="plan">What it is to be.</param>
    /// <exception cref="TdxUnavailableException">KVM or the module refused; the message names the step.</exception>
    /// <exception cref="Configuration.ConfigurationException">The plan's guest cannot be loaded.</exception>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public Td CreateTd(TdPlan plan)
    {
        OutputConsole console = new();
        TdVmm vmm = new(Kvm, ConfigOf(plan, ""), console);
        Errno error = Execute(0, vmm.Build);
        if (error != Errno.Ok)
            throw new TdxUnavailableException($"{plan.Name}: {vmm.Reason}");
        return new Td(this, vmm, console, plan.MaxInstructions);
    }

    internal static TdConfig ConfigOf(TdPlan plan, string directory)
    {
        GuestImage guest = GuestLoader.Load(plan, directory);
        return new()
        {
            Name = plan.Name,
            Guest = guest,
            Attributes = plan.Attributes,
            Xfam = plan.Xfam,
            GuestPhysicalBits = plan.Gpaw,
            VcpuGuestPhysicalBits = plan.VcpuGpaw,
            Vcpus = plan.Vcpus,
            MemoryBytes = MemoryFor(plan, guest),
            InitialBytes = plan.MemoryBytes,
            Cpuid = [.. plan.Cpuid.Select(c => new CpuidBits(c.Leaf, c.Subleaf, c.Register, c.Set, c.Clear))],
        };
    }

    /// <summary>RAM from 0 on: at least 2 MiB, and what the guest brings along below 3 GiB.</summary>
    private static ulong MemoryFor(TdPlan plan, GuestImage guest)
    {
        const ulong minimum = 2UL << 20, lowLimit = 3UL << 30;
        ulong end = Math.Max(plan.MemoryBytes, minimum);
        foreach (GuestRegion region in guest.Regions)
            if (region.Gpa < lowLimit)
                end = Math.Max(end, (region.Gpa + (ulong)region.Bytes.Length + 4095) & ~4095UL);
        return end;
    }
}
