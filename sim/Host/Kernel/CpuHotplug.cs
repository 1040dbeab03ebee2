namespace Seamsim.Host.Kernel;

/// <summary>Processors going offline and coming back, with TDX's veto (patch 16).</summary>
public sealed class CpuHotplug
{
    private readonly HostKernel kernel;
    private readonly bool[] online;

    internal CpuHotplug(HostKernel kernel)
    {
        this.kernel = kernel;
        online = new bool[kernel.Platform.Cpus.Count];
        Array.Fill(online, true);
    }

    /// <summary>What KVM does on a processor that goes down: it takes its virtual CPUs off it.</summary>
    public Func<ICpu, HostTask<Errno>>? GoingDown { get; set; }

    /// <summary>Processors online, by index.</summary>
    public IEnumerable<ICpu> Online => kernel.Platform.Cpus.Where(IsOnline);

    /// <summary>Whether a processor is online.</summary>
    public bool IsOnline(ICpu cpu) => online[cpu.Index];

    /// <summary>The first online processor of a package, or null.</summary>
    public ICpu? FirstOnlineOf(int package) => Online.FirstOrDefault(cpu => cpu.Package == package);

    /// <summary>Whether every package has a processor online.</summary>
    public bool EveryPackageOnline =>
        Enumerable.Range(0, kernel.Platform.Packages).All(package => FirstOnlineOf(package) is not null);

    /// <summary>
    /// Takes a processor offline. While any KeyID is configured for a TD, the last one of a package must stay
    /// (-EBUSY): the module needs a processor of every package to write caches back and free the key.
    /// </summary>
    public async HostTask<Errno> Offline(ICpu from, ICpu cpu)
    {
        if (!IsOnline(cpu))
            return Errno.EINVAL;
        if (Online.Count() == 1)
            return Errno.EBUSY;
        if (kernel.Tdx.KeyIds is { InUse: > 0 } && !Online.Any(other => other != cpu && other.Package == cpu.Package))
        {
            kernel.Log(cpu, "kvm_intel: TDX requires all packages to have an online CPU. "
                + "Delete all TDs in order to offline all CPUs of a package.");
            return Errno.EBUSY;
        }
        if (GoingDown is not null && await kernel.OnCpu(from, cpu, GoingDown) is var error && error != Errno.Ok)
            return error;
        await kernel.OnCpu(from, cpu, kernel.Tdx.VirtualizationOff);
        online[cpu.Index] = false;
        return Errno.Ok;
    }

    /// <summary>Brings a processor back: VMXON, and TDH.SYS.LP.INIT unless it had it before.</summary>
    public async HostTask<Errno> BringOnline(ICpu from, ICpu cpu)
    {
        if (IsOnline(cpu))
            return Errno.EINVAL;
        Errno error = await kernel.OnCpu(from, cpu, kernel.Tdx.CpuComesOnline);
        online[cpu.Index] = error == Errno.Ok;
        return error;
    }
}
