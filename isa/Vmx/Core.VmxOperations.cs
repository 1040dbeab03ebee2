using System.Buffers.Binary;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// What the VMX instructions do once their operands are known; the instruction handlers and SeamPlatform share it.
public sealed unsafe partial class Core
{
    /// <summary>
    /// VMfail: with a current VMCS the error number goes there, otherwise VMfailInvalid. SDM vol. 3C, 31.2.
    /// </summary>
    internal VmxResult VmFail(VmInstructionError error)
    {
        if (Vmx.Current == VmxState.NoVmcs)
            return VmxResult.FailInvalid;
        CurrentVmcs.Store(VmcsField.VmInstructionError, (ulong)error);
        return VmxResult.FailValid;
    }

    /// <summary>
    /// Puts a result into RFLAGS: CF = VMfailInvalid, ZF = VMfailValid, the other arithmetic flags 0.
    /// </summary>
    internal Outcome SetVmxFlags(VmxResult result)
    {
        ulong flags = result switch
        {
            VmxResult.FailInvalid => RflagsBit.Cf,
            VmxResult.FailValid => RflagsBit.Zf,
            _ => 0,
        };
        Rflags = (Rflags & ~RflagsBit.Arithmetic) | flags;
        return Outcome.Next;
    }

    /// <summary>
    /// VMXON's #GP conditions: IA32_FEATURE_CONTROL and the fixed bits of CR0 and CR4. SDM vol. 3C, 24.7 and 24.8.
    /// </summary>
    internal bool MayEnterVmxOperation
    {
        get
        {
            const ulong lockedOutsideSmx = 1 | 1 << 2;
            VmxCapabilities cap = Capabilities;
            bool enabled = TryRdmsr(Msr.FeatureControl, out ulong control) &&
                (control & lockedOutsideSmx) == lockedOutsideSmx;
            bool cr0 = (cap.Cr0Fixed0 & ~Lp->Cr0) == 0 && (Lp->Cr0 & ~cap.Cr0Fixed1) == 0;
            return enabled && cr0 && (cap.Cr4Fixed0 & ~Lp->Cr4) == 0 && (Lp->Cr4 & ~cap.Cr4Fixed1) == 0;
        }
    }

    /// <summary>VMXON with a good operand: VMfailInvalid for a bad region.</summary>
    internal VmxResult EnterVmxOperation(ulong region)
    {
        if (!IsVmcsAddress(region) || ReadRevision(region) != Capabilities.RevisionId)
            return VmxResult.FailInvalid;
        Vmx.Reset();
        Vmx.On = true;
        Vmx.VmxonPointer = region;
        return VmxResult.Succeed;
    }

    /// <summary>VMPTRLD. SDM vol. 3C, 31.3.</summary>
    internal VmxResult Vmptrld(ulong address)
    {
        if (!IsVmcsAddress(address))
            return VmFail(VmInstructionError.VmptrldInvalidAddress);
        if (address == Vmx.VmxonPointer)
            return VmFail(VmInstructionError.VmptrldVmxonPointer);
        if (ReadRevision(address) != Capabilities.RevisionId)
            return VmFail(VmInstructionError.VmptrldWrongRevision);
        Vmx.Current = address;
        return VmxResult.Succeed;
    }

    /// <summary>VMCLEAR. SDM vol. 3C, 31.3.</summary>
    internal VmxResult Vmclear(ulong address)
    {
        if (!IsVmcsAddress(address))
            return VmFail(VmInstructionError.VmclearInvalidAddress);
        if (address == Vmx.VmxonPointer)
            return VmFail(VmInstructionError.VmclearVmxonPointer);
        if (Vmx.Seam || !Memory.InSeamRange(new Hpa(address)))
            new Vmcs(Memory, new Hpa(address)).MarkLaunched(false);
        if (Vmx.Current == address)
            Vmx.Current = VmxState.NoVmcs;
        return VmxResult.Succeed;
    }

    /// <summary>VMREAD by raw encoding.</summary>
    internal VmxResult Vmread(uint encoding, out ulong value)
    {
        value = 0;
        if (Vmx.Current == VmxState.NoVmcs)
            return VmxResult.FailInvalid;
        return CurrentVmcs.TryRead(encoding, out value)
            ? VmxResult.Succeed
            : VmFail(VmInstructionError.UnsupportedField);
    }

    /// <summary>VMWRITE by raw encoding.</summary>
    internal VmxResult Vmwrite(uint encoding, ulong value)
    {
        if (Vmx.Current == VmxState.NoVmcs)
            return VmxResult.FailInvalid;
        if (!VmcsLayout.Exists(encoding))
            return VmFail(VmInstructionError.UnsupportedField);
        if (VmcsLayout.IsReadOnly(encoding) && !Capabilities.WritesAnyField)
            return VmFail(VmInstructionError.ReadOnlyField);
        CurrentVmcs.TryWrite(encoding, value);
        return VmxResult.Succeed;
    }

    /// <summary>INVEPT: 1 single-context, 2 all-context. SDM vol. 3C, 31.3.</summary>
    internal VmxResult Invept(ulong type, ulong eptp)
    {
        bool supported = type is 1 or 2 && (Capabilities.EptVpid >> (24 + (int)type) & 1) != 0;
        if (!supported || type == 1 && !EntryControlChecks.IsValidEptp(eptp, Capabilities))
            return VmFail(VmInstructionError.InvalidOperandToInveptInvvpid);
        FlushTlb();
        return VmxResult.Succeed;
    }

    /// <summary>
    /// INVVPID: 0 individual address, 1 single-context, 2 all-context, 3 single-context retaining globals.
    /// </summary>
    internal VmxResult Invvpid(ulong type, ulong low, Gva address)
    {
        bool supported = type <= 3 && (Capabilities.EptVpid >> (40 + (int)type) & 1) != 0;
        bool badOperand = low >> 16 != 0 || type != 2 && (ushort)low == 0 || type == 0 && !IsCanonical(address.Value);
        if (!supported || badOperand)
            return VmFail(VmInstructionError.InvalidOperandToInveptInvvpid);
        if (type == 0)
            FlushTlbPage(address);
        else
            FlushTlb();
        return VmxResult.Succeed;
    }

    /// <summary>Canonical for the linear-address width of the model's paging mode at hand (CR4.LA57).</summary>
    internal bool IsCanonical(ulong address)
    {
        int shift = (Lp->Cr4 & Cr4Bit.La57) != 0 ? 7 : 16;
        return (ulong)((long)(address << shift) >> shift) == address;
    }

    /// <summary>A 4-KiB aligned physical address this operation mode may use: private KeyIDs only in SEAM.</summary>
    private bool IsVmcsAddress(ulong address)
    {
        if ((address & 0xFFF) != 0 || address >> Memory.Keys.PhysicalAddressBits != 0)
            return false;
        return Vmx.Seam || !Memory.Keys.IsPrivate(Memory.Keys.KeyOf(new Hpa(address)));
    }

    private uint ReadRevision(ulong address)
    {
        Span<byte> revision = stackalloc byte[4];
        Memory.Read(new Hpa(address), revision, Vmx.Seam);
        return BinaryPrimitives.ReadUInt32LittleEndian(revision);
    }
}
