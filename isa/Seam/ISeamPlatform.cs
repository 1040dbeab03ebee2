using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Seam;

/// <summary>How a managed SEAM entry ended (D5).</summary>
public enum SeamEnd : byte
{
    /// <summary>The engine executes SEAMRET.</summary>
    SeamRet,

    /// <summary>VMLAUNCH or VMRESUME succeeded: the engine goes on in the TD.</summary>
    Entered,

    /// <summary>The module gave up (a fatal condition): the platform shuts down as on a triple fault in SEAM.</summary>
    Shutdown,
}

/// <summary>
/// Firmware in C# behind the entry points a binary image has: where SEAMCALL lands and where TD exits land.
/// Implementations hold no state between calls; what outlives a call is bytes in simulated memory (D5).
/// </summary>
public interface IManagedImage
{
    /// <summary>SEAMCALL arrived: RIP is the image's SEAMCALL entry, GPRs are the caller's.</summary>
    SeamEnd OnSeamcall(ISeamPlatform platform);

    /// <summary>A VM exit of a TD arrived: RIP is the image's TD-exit entry, GPRs are the TD's.</summary>
    SeamEnd OnTdExit(ISeamPlatform platform);
}

/// <summary>Result of VMX instructions. SDM vol. 3C, 31.2 "Conventions".</summary>
public enum VmxResult : byte
{
    /// <summary>CF = ZF = 0.</summary>
    Succeed,

    /// <summary>CF = 1: there is no current VMCS.</summary>
    FailInvalid,

    /// <summary>ZF = 1: the error number is in the VM-instruction error field.</summary>
    FailValid,
}

/// <summary>EAX..EDX of CPUID.</summary>
public readonly record struct CpuidResult(uint Eax, uint Ebx, uint Ecx, uint Edx);

/// <summary>Result of PCONFIG MKTME_KEY_PROGRAM (EAX). SDM vol. 2, PCONFIG; only the codes SEAM software meets.</summary>
public enum PconfigResult : uint
{
#pragma warning disable CS1591 // named after the SDM's status names
    Success = 0, InvalidProgramCommand = 1, EntropyError = 2, InvalidKeyId = 3, InvalidEncryptionAlgorithm = 4,
    DeviceBusy = 5,
#pragma warning restore CS1591
}

/// <summary>Registers a SEAMOPS leaf leaves behind.</summary>
public struct SeamopsResult
{
    /// <summary>RAX: 0 success, otherwise an error code.</summary>
    public ulong Rax;

    /// <summary>Leaf-dependent outputs.</summary>
    public ulong R10, R11, R12, R13, R14, R15;
}

/// <summary>
/// An entry of the data base of SEAM software that has run: SEAMOPS leaf 4 names the running one's (R10..R14), and
/// leaf 5 reports for the entry it is given in the same registers.
/// </summary>
/// <param name="Index">R10.</param>
/// <param name="Nonce0">R11.</param>
/// <param name="Nonce1">R12.</param>
/// <param name="Nonce2">R13.</param>
/// <param name="Nonce3">R14.</param>
public readonly record struct SeamdbReference(ulong Index, ulong Nonce0, ulong Nonce1, ulong Nonce2, ulong Nonce3);

/// <summary>
/// What software in SEAM VMX root can do, one member per instruction or machine resource. Each member does what the
/// instruction does on the calling logical processor and is charged what it costs; addresses carry their KeyID.
/// A wrong-key read latches a machine check, which ends the entry with a platform shutdown.
/// </summary>
public interface ISeamPlatform
{
    /// <summary>Position of the logical processor in the platform, 0-based.</summary>
    int LpIndex { get; }

    /// <summary>Physical address layout: address bits, KeyID bits and partition.</summary>
    KeyIdLayout Keys { get; }

    /// <summary>A general register of the logical processor: 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8.. R8..</summary>
    ref ulong Gpr(int register);

    /// <summary>VMREAD of the current VMCS; a field that does not exist or no current VMCS is false.</summary>
    bool TryVmread(VmcsField field, out ulong value);

    /// <summary>VMREAD of a field the caller knows to exist in the current VMCS.</summary>
    ulong Vmread(VmcsField field);

    /// <summary>VMWRITE to the current VMCS.</summary>
    VmxResult Vmwrite(VmcsField field, ulong value);

    /// <summary>VMPTRLD; the address carries the HKID the region is encrypted with.</summary>
    VmxResult Vmptrld(Hpa vmcs);

    /// <summary>VMPTRLD of this logical processor's SEAM transfer VMCS.</summary>
    VmxResult VmptrldTransferVmcs();

    /// <summary>VMCLEAR.</summary>
    VmxResult Vmclear(Hpa vmcs);

    /// <summary>VMLAUNCH (true) or VMRESUME of the current VMCS. On success the caller returns <see cref="SeamEnd.Entered"/>.</summary>
    VmxResult EnterGuest(bool launch);

    /// <summary>INVEPT: type 1 single-context (by EPTP), 2 global.</summary>
    VmxResult Invept(int type, ulong eptp);

    /// <summary>INVVPID: type 0 address, 1 single-context, 2 all, 3 single retaining globals.</summary>
    VmxResult Invvpid(int type, ushort vpid, Gva address);

    /// <summary>RDMSR; false is #GP(0).</summary>
    bool TryRdmsr(uint msr, out ulong value);

    /// <summary>WRMSR; false is #GP(0).</summary>
    bool TryWrmsr(uint msr, ulong value);

    /// <summary>CPUID as this logical processor answers it in root operation.</summary>
    CpuidResult Cpuid(uint leaf, uint subleaf);

    /// <summary>XGETBV of XCR0.</summary>
    ulong Xgetbv();

    /// <summary>XSETBV of XCR0; false is #GP(0).</summary>
    bool TryXsetbv(ulong value);

    /// <summary>XSAVES of the components <paramref name="mask"/> (within XCR0 | XSS) to <paramref name="area"/>.</summary>
    void Xsaves(Hpa area, ulong mask);

    /// <summary>XRSTORS of the components <paramref name="mask"/>; false is #GP(0) for a bad header.</summary>
    bool TryXrstors(Hpa area, ulong mask);

    /// <summary>MOV from CR2 / CR8.</summary>
    ulong ReadCr(int number);

    /// <summary>MOV to CR2 / CR8.</summary>
    void WriteCr(int number, ulong value);

    /// <summary>MOV from DR0..DR3, DR6.</summary>
    ulong ReadDr(int number);

    /// <summary>MOV to DR0..DR3, DR6.</summary>
    void WriteDr(int number, ulong value);

    /// <summary>Loads a little-endian value; naturally aligned.</summary>
    T Read<T>(Hpa address) where T : unmanaged;

    /// <summary>Stores a little-endian value; naturally aligned.</summary>
    void Write<T>(Hpa address, T value) where T : unmanaged;

    /// <summary>Loads bytes; may cross lines and pages.</summary>
    void ReadBytes(Hpa address, Span<byte> destination);

    /// <summary>Stores bytes; may cross lines and pages.</summary>
    void WriteBytes(Hpa address, ReadOnlySpan<byte> source);

    /// <summary>LOCK CMPXCHG of 2, 4 or 8 bytes: stores <paramref name="value"/> when the old value is <paramref name="expected"/>.</summary>
    /// <returns>The old value.</returns>
    T CompareExchange<T>(Hpa address, T expected, T value) where T : unmanaged, System.Numerics.IBinaryInteger<T>;

    /// <summary>LOCK XADD. </summary>
    /// <returns>The old value.</returns>
    T FetchAdd<T>(Hpa address, T addend) where T : unmanaged, System.Numerics.IBinaryInteger<T>;

    /// <summary>LOCK BTS of one bit in a qword. Returns the old bit.</summary>
    bool BitTestAndSet(Hpa address, int bit);

    /// <summary>LOCK BTR of one bit in a qword. Returns the old bit.</summary>
    bool BitTestAndReset(Hpa address, int bit);

    /// <summary>
    /// Undoes a lock when the running entry is over: the word stays visibly held until the end time of the leaf (D8).
    /// </summary>
    void ReleaseAtEnd(LockRelease release);

    /// <summary>MOVDIR64B of one repeated qword over a whole 4-KiB page: re-tags the page with the address's KeyID.</summary>
    void FillPage(Hpa page, ulong pattern);

    /// <summary>MOVDIR64B copy of a whole 4-KiB page: the destination takes the KeyID of its address.</summary>
    void CopyPage(Hpa destination, Hpa source);

    /// <summary>CLFLUSHOPT over every line of a 4-KiB page.</summary>
    void FlushPage(Hpa page);

    /// <summary>PCONFIG MKTME_KEY_PROGRAM, SET_KEY_RANDOM, on this package.</summary>
    PconfigResult PconfigSetRandomKey(KeyId key, bool integrity);

    /// <summary>SEAMOPS leaf <paramref name="leaf"/>; memory operands are passed as in the manual.</summary>
    /// <remarks>
    /// Leaf 5, SEAMDB_REPORT: RCX is 512 bytes to be written (REPORTMACSTRUCT, TEE_TCB_INFO), RDX 64 bytes of REPORTDATA,
    /// R8 the address of TEE_INFO_HASH (48 bytes), R9 the REPORTTYPE dword, <paramref name="reference"/> R10..R14.
    /// </remarks>
    SeamopsResult Seamops(ulong leaf, Hpa rcx, Hpa rdx, ulong r8, ulong r9, SeamdbReference reference = default);

    /// <summary>RDRAND; false is CF = 0 (no entropy).</summary>
    bool TryRdrand(out ulong value);

    /// <summary>RDSEED; false is CF = 0 (no entropy).</summary>
    bool TryRdseed(out ulong value);

    /// <summary>RDTSC (with the serialisation the module puts around it).</summary>
    ulong Rdtsc();

    /// <summary>Charges straight-line work of managed code: <paramref name="count"/> steps of one kind.</summary>
    void Charge(Operation operation, int count = 1);

    /// <summary>Says which part of a leaf begins; costs nothing and changes nothing.</summary>
    void Mark(LeafPhase phase)
    {
    }
}

/// <summary>What undoing a lock does to its word.</summary>
public enum LockReleaseKind : byte
{
    /// <summary>LOCK XADD of −<see cref="LockRelease.Value"/>.</summary>
    Subtract,

    /// <summary>Plain store of <see cref="LockRelease.Value"/>.</summary>
    Store,

    /// <summary>LOCK AND NOT <see cref="LockRelease.Value"/>.</summary>
    ClearBits,
}

/// <summary>A release that takes effect at the end of the running entry.</summary>
/// <param name="Word">Address of the lock word with its KeyID.</param>
/// <param name="Bytes">Size of the word: 1, 2, 4 or 8.</param>
/// <param name="Kind">Operation.</param>
/// <param name="Value">Its operand.</param>
public readonly record struct LockRelease(Hpa Word, int Bytes, LockReleaseKind Kind, ulong Value);
