using Seamsim.Configuration;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Host.Kvm.CpuidPolicies;

namespace Seamsim;

/// <content>From reset to a ready TDX module.</content>
public sealed partial class Machine
{
    private StartState reached = StartState.Reset;

    /// <summary>Brings TDX up as Linux does: VMXON, module load, SYS.INIT, LP.INIT, TDMRs, keys, PAMTs.</summary>
    /// <exception cref="TdxUnavailableException">A step failed; <see cref="KernelLog"/> says why.</exception>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public void BringUp() => Advance(StartState.Ready);

    /// <summary>Goes on to a state; states already passed are not repeated.</summary>
    /// <exception cref="TdxUnavailableException">A step failed; <see cref="KernelLog"/> says why.</exception>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public void Advance(StartState state)
    {
        while (reached < state)
        {
            StartState next = reached + 1;
            Errno error = Execute(0, cpu => Step(cpu, next));
            if (error != Errno.Ok)
                throw new TdxUnavailableException($"TDX bring-up failed on the way to \"{next}\"", error, KernelLog);
            reached = next;
        }
    }

    private async HostTask<Errno> Step(ICpu cpu, StartState next)
    {
        switch (next)
        {
            case StartState.Loader:
                await Kernel.Tdx.Boot(cpu);
                return await Kernel.OnEachCpu(cpu, Kernel.Tdx.VirtualizationOn);
            case StartState.Installed:
                return await new SeamLoader(Kernel).Install(cpu, parts.Module);
            default:
                (Errno error, kvm) = await KvmModule.Load(Kernel, cpu, kvmOptions, module: null);
                return error == Errno.Ok && !kvm!.TdxEnabled ? Errno.ENODEV : error;
        }
    }

    private static KvmOptions OptionsOf(Platform platform) => KvmOptions.For(
        CpuidPolicyCatalog.Find(platform.Policy) ?? throw new ConfigurationException(
            $"policy \"{platform.Policy}\": expected one of {string.Join(", ", CpuidPolicyCatalog.Names)}"));

    /// <summary>The clock of a logical processor in core cycles.</summary>
    internal ulong ClockOf(int lp) => parts.Host.Cpus[lp].Cycles;
}
