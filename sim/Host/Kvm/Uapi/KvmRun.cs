using System.Buffers.Binary;

namespace Seamsim.Host.Kvm.Uapi;

/// <summary>struct kvm_run of one vCPU: the page KVM and the VMM share.</summary>
public sealed class KvmRun
{
    /// <summary>Offsets of the members.</summary>
    public const int ImmediateExitOffset = 1, ExitReasonOffset = 8, UnionOffset = 32;

    /// <summary>Where KVM puts the data of an I/O exit: the page behind the structure's fixed part.</summary>
    public const int IoDataOffset = 4096;

    /// <summary>Bytes of the mapping.</summary>
    public const int Size = 8192;

    private readonly byte[] bytes = new byte[Size];

    /// <summary>The shared bytes.</summary>
    public Span<byte> Bytes => bytes;

    /// <summary>Why KVM_RUN came back.</summary>
    public KvmExit ExitReason
    {
        get => (KvmExit)U32(ExitReasonOffset);
        set => Put32(ExitReasonOffset, (uint)value);
    }

    /// <summary>Asks the next KVM_RUN to come back at once (-EINTR).</summary>
    public bool ImmediateExit
    {
        get => bytes[ImmediateExitOffset] != 0;
        set => bytes[ImmediateExitOffset] = value ? (byte)1 : (byte)0;
    }

    /// <summary>A byte of the structure.</summary>
    public ref byte U8(int offset) => ref bytes[offset];

    /// <summary>A 16-bit member.</summary>
    public ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset));

    /// <summary>A 32-bit member.</summary>
    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    /// <summary>A 64-bit member.</summary>
    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset));

    /// <summary>Sets a 16-bit member.</summary>
    public void Put16(int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(offset), value);

    /// <summary>Sets a 32-bit member.</summary>
    public void Put32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);

    /// <summary>Sets a 64-bit member.</summary>
    public void Put64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), value);

    /// <summary>Begins an exit: sets the reason and clears the union.</summary>
    public void Begin(KvmExit reason)
    {
        ExitReason = reason;
        bytes.AsSpan(UnionOffset, 256).Clear();
    }
}

/// <summary>Offsets in struct kvm_run of the exits' members.</summary>
public static class KvmRunOffsets
{
#pragma warning disable CS1591 // the names are those of linux/kvm.h
    public const int IoDirection = 32, IoSize = 33, IoPort = 34, IoCount = 36, IoDataPointer = 40;
    public const int MmioAddress = 32, MmioData = 40, MmioLength = 48, MmioIsWrite = 52;
    public const int HypercallNr = 32, HypercallArgs = 40, HypercallRet = 88, HypercallFlags = 96;
    public const int ExceptionVector = 32, ExceptionErrorCode = 36;
    public const int FailEntryReason = 32, FailEntryCpu = 40;
    public const int InternalSuberror = 32, InternalNdata = 36, InternalData = 40;
    public const int SystemEventType = 32, SystemEventNdata = 36, SystemEventData = 40;
    public const int MemoryFaultFlags = 32, MemoryFaultGpa = 40, MemoryFaultSize = 48;
    public const int TdxFlags = 32, TdxNr = 40, TdxRet = 48, TdxUnknownData = 56;
    public const int TdxQuoteGpa = 56, TdxQuoteSize = 64;
    public const int TdxInfoLeaf = 56, TdxInfoR11 = 64, TdxInfoR12 = 72, TdxInfoR13 = 80, TdxInfoR14 = 88;
    public const int TdxNotifyVector = 56;
#pragma warning restore CS1591
}
