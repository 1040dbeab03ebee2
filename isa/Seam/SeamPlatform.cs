using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Seam;

/// <summary>
/// The logical processor as managed SEAM software uses it: each member does what the instruction does here and adds
/// its cost to the clock. Only <see cref="Core.RunManaged"/> begins and ends an entry.
/// </summary>
internal sealed partial class SeamPlatform(Core core) : ISeamPlatform
{
    private readonly List<LockRelease> releases = [];

    /// <summary>A read met poison in this entry: the machine check ends it.</summary>
    public bool MachineCheck { get; private set; }

    /// <summary>How the engine goes on after a successful <see cref="EnterGuest"/>.</summary>
    public Outcome? EntryOutcome { get; private set; }

    /// <summary>Locks to release at the end of this entry.</summary>
    public IReadOnlyList<LockRelease> Releases => releases;

    /// <inheritdoc/>
    public int LpIndex => core.Index;

    /// <inheritdoc/>
    public KeyIdLayout Keys => core.Memory.Keys;

    /// <summary>A new entry begins.</summary>
    public void Begin()
    {
        releases.Clear();
        MachineCheck = false;
        EntryOutcome = null;
    }

    /// <inheritdoc/>
    public ref ulong Gpr(int register) => ref core.Gpr(register);

    /// <inheritdoc/>
    public bool TryVmread(VmcsField field, out ulong value)
    {
        core.ChargeOperation(Operation.Vmread, (uint)field);
        return core.Vmread((uint)field, out value) == VmxResult.Succeed;
    }

    /// <inheritdoc/>
    public ulong Vmread(VmcsField field) => TryVmread(field, out ulong value) ? value : 0;

    /// <inheritdoc/>
    public VmxResult Vmwrite(VmcsField field, ulong value)
    {
        core.ChargeOperation(Operation.Vmwrite, (uint)field);
        return core.Vmwrite((uint)field, value);
    }

    /// <inheritdoc/>
    public VmxResult Vmptrld(Hpa vmcs)
    {
        core.ChargeOperation(Operation.Vmptrld, vmcs.Value);
        return core.Vmptrld(vmcs.Value);
    }

    /// <inheritdoc/>
    public VmxResult VmptrldTransferVmcs() =>
        Vmptrld(new Hpa(SeamRange.Of(core).TransferVmcs(core.Index, core.Vmx.Seamldr)));

    /// <inheritdoc/>
    public VmxResult Vmclear(Hpa vmcs)
    {
        core.ChargeOperation(Operation.Vmclear, vmcs.Value);
        return core.Vmclear(vmcs.Value);
    }

    /// <inheritdoc/>
    public VmxResult EnterGuest(bool launch)
    {
        VmxResult result = core.EnterGuest(launch, out Outcome outcome);
        EntryOutcome = result == VmxResult.Succeed ? outcome : null;
        return result;
    }

    /// <inheritdoc/>
    public VmxResult Invept(int type, ulong eptp)
    {
        core.ChargeOperation(Operation.Invept, eptp);
        return core.Invept((ulong)type, eptp);
    }

    /// <inheritdoc/>
    public VmxResult Invvpid(int type, ushort vpid, Gva address)
    {
        core.ChargeOperation(Operation.Invvpid, address.Value);
        return core.Invvpid((ulong)type, vpid, address);
    }

    /// <inheritdoc/>
    public bool TryRdmsr(uint msr, out ulong value)
    {
        core.ChargeOperation(Operation.Rdmsr, msr);
        return core.TryRdmsr(msr, out value);
    }

    /// <inheritdoc/>
    public bool TryWrmsr(uint msr, ulong value)
    {
        core.ChargeOperation(Operation.Wrmsr, msr);
        return core.TryWrmsr(msr, value);
    }

    /// <inheritdoc/>
    public CpuidResult Cpuid(uint leaf, uint subleaf)
    {
        core.ChargeOperation(Operation.Cpuid, leaf | ((ulong)subleaf << 32));
        return core.Cpuid(leaf, subleaf);
    }

    /// <inheritdoc/>
    public ulong ReadCr(int number)
    {
        core.ChargeOperation(Operation.CrAccess, (ulong)number);
        return ControlRegister(number);
    }

    /// <inheritdoc/>
    public void WriteCr(int number, ulong value)
    {
        core.ChargeOperation(Operation.CrAccess, (ulong)number);
        ControlRegister(number) = value;
    }

    /// <inheritdoc/>
    public ulong ReadDr(int number)
    {
        core.ChargeOperation(Operation.DrAccess, (ulong)number);
        return DebugRegister(number);
    }

    /// <inheritdoc/>
    public void WriteDr(int number, ulong value)
    {
        core.ChargeOperation(Operation.DrAccess, (ulong)number);
        // DR6 has bits that always read as one. SDM vol. 3B, 18.2.3.
        DebugRegister(number) = number == 6 ? value & 0x1_F80F | 0xFFFE_07F0 : value;
    }

    /// <inheritdoc/>
    public void ReleaseAtEnd(LockRelease release)
    {
        core.ChargeOperation(Operation.LockedAccess, release.Word.Value);
        releases.Add(release);
    }

    /// <inheritdoc/>
    public PconfigResult PconfigSetRandomKey(KeyId key, bool integrity)
    {
        core.ChargeOperation(Operation.Pconfig, key.Value);
        // AES-XTS-256 where the processor offers it; bit 2 without, bit 3 with integrity (IA32_TME_CAPABILITY).
        ushort algorithm = (ushort)(integrity ? 8 : 4);
        return core.Uncore.KeyEngine.Program(
            core.Package, key, Models.KeyCommand.SetKeyRandom, algorithm, secret: 0);
    }

    /// <inheritdoc/>
    public SeamopsResult Seamops(
        ulong leaf, Hpa rcx, Hpa rdx, ulong r8, ulong r9, SeamdbReference reference = default)
    {
        core.ChargeOperation(Operation.Seamops, leaf);
        return new Seamops(core).Execute(leaf, rcx, rdx, new Hpa(r8), r9, reference);
    }

    /// <inheritdoc/>
    public bool TryRdrand(out ulong value)
    {
        core.ChargeOperation(Operation.Rdrand);
        return core.TryRdrand(out value);
    }

    /// <inheritdoc/>
    public bool TryRdseed(out ulong value)
    {
        core.ChargeOperation(Operation.Rdseed);
        return core.TryRdseed(out value);
    }

    /// <inheritdoc/>
    public ulong Rdtsc()
    {
        core.ChargeOperation(Operation.Rdtsc);
        return core.ReadTsc();
    }

    /// <inheritdoc/>
    public void Charge(Operation operation, int count = 1) => Charge(operation, count, 0);

    /// <inheritdoc/>
    public void Mark(LeafPhase phase) => core.Ledger?.Marked(core, phase);

    private void Charge(Operation operation, int count, ulong operand)
    {
        if (count > 0)
            core.ChargeOperation(operation, operand, count);
    }

    private unsafe ref ulong ControlRegister(int number)
    {
        if (number == 8)
            return ref core.Lp->Cr8;
        return ref core.Lp->Cr2;
    }

    private unsafe ref ulong DebugRegister(int number)
    {
        switch (number)
        {
            case 0: return ref core.Lp->Dr0;
            case 1: return ref core.Lp->Dr1;
            case 2: return ref core.Lp->Dr2;
            case 3: return ref core.Lp->Dr3;
            default: return ref core.Lp->Dr6;
        }
    }
}
