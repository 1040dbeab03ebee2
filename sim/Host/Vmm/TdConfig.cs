using Seamsim.Firmware.Abi;
using Seamsim.Host.Guests;
using Seamsim.Host.Kvm.Uapi;
using Seamsim.Host.Vmm.CpuidPrograms;

namespace Seamsim.Host.Vmm;

/// <summary>Bits of a configurable CPUID register the VMM sets or clears.</summary>
/// <param name="Leaf">EAX of CPUID.</param>
/// <param name="Subleaf">ECX of CPUID.</param>
/// <param name="Register">0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Set">Bits to set.</param>
/// <param name="Clear">Bits to clear.</param>
public readonly record struct CpuidBits(uint Leaf, uint Subleaf, int Register, uint Set, uint Clear);

/// <summary>A trust domain as the VMM's command line describes it.</summary>
public sealed record TdConfig
{
    /// <summary>How logs call it.</summary>
    public required string Name { get; init; }

    /// <summary>What it runs.</summary>
    public required GuestImage Guest { get; init; }

    /// <summary>TD attributes.</summary>
    public ulong Attributes { get; init; } = TdAttributes.SeptVeDisable;

    /// <summary>Extended features; x87 and SSE are mandatory.</summary>
    public ulong Xfam { get; init; } = 3;

    /// <summary>Guest-physical address bits, 48 or 52: what goes into CPUID 0x80000008.EAX[23:16].</summary>
    public int GuestPhysicalBits { get; init; } = 48;

    /// <summary>
    /// The same bits as told to the vCPUs (KVM_SET_CPUID2); another value than <see cref="GuestPhysicalBits"/> shows
    /// what KVM does about a VMM that contradicts itself.
    /// </summary>
    public int? VcpuGuestPhysicalBits { get; init; }

    /// <summary>Changes to the CPUID the TD would get by default (the host's bits, as far as configurable).</summary>
    public IReadOnlyList<CpuidBits> Cpuid { get; init; } = [];

    /// <summary>Who decides about CPUID.</summary>
    public ICpuidProgram CpuidProgram { get; init; } = CpuidProgramCatalog.Default;

    /// <summary>What the program's author knew about TDX modules.</summary>
    public CpuidKnowledge Knowledge { get; init; } = new();

    /// <summary>The hypervisor's own leaves (0x40000000 to 0x400000FF) the guest is to see.</summary>
    public IReadOnlyList<KvmCpuidEntry2> ParavirtualCpuid { get; init; } = [];

    /// <summary>vCPUs, at least 1.</summary>
    public int Vcpus { get; init; } = 1;

    /// <summary>RAM from guest-physical address 0 on, in bytes.</summary>
    public ulong MemoryBytes { get; init; } = 2UL << 20;

    /// <summary>How much of it the TD starts with, added and measured; the rest comes on first use.</summary>
    public ulong InitialBytes { get; init; } = 256UL << 10;

    /// <summary>MRCONFIGID, 48 bytes.</summary>
    public byte[] MrConfigId { get; init; } = new byte[48];

    /// <summary>MROWNER, 48 bytes.</summary>
    public byte[] MrOwner { get; init; } = new byte[48];

    /// <summary>MROWNERCONFIG, 48 bytes.</summary>
    public byte[] MrOwnerConfig { get; init; } = new byte[48];

    /// <summary>Initial RCX of the vCPUs: INIT_VCPU's data, e.g. the address of a hand-off block.</summary>
    public ulong InitialRcx { get; init; }

    /// <summary>Exits to user space after which the VMM gives up.</summary>
    public int MaxExits { get; init; } = 1_000_000;
}

/// <summary>How a TD ended.</summary>
public enum TdEnd
{
    /// <summary>It has not run.</summary>
    NotRun,

    /// <summary>Every vCPU halted for good, or the guest signalled success.</summary>
    Finished,

    /// <summary>The guest signalled failure through port 0xF4, or reported a fatal error.</summary>
    GuestFailed,

    /// <summary>Triple fault.</summary>
    Shutdown,

    /// <summary>KVM answered with an error or an exit nobody expects.</summary>
    HostFailed,

    /// <summary>Stopped from outside, or too many exits.</summary>
    Stopped,
}
