using Iced.Intel;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Control registers in non-root operation: guest/host masks, read shadows, CR3 targets. SDM vol. 3C, 25.6.6, 26.1.3,
// 26.3.
public sealed unsafe partial class Core
{
    private const ulong AccessMovTo = 0 << 4, AccessMovFrom = 1 << 4, AccessClts = 2 << 4, AccessLmsw = 3 << 4;

    /// <summary>MOV to CR0, CR3, CR4 or CR8 with <paramref name="value"/>.</summary>
    internal bool InterceptsMovToCr(int cr, int gpr, ulong value, in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || !MovToCrExits(CurrentVmcs, cr, value))
            return false;
        outcome = CrExit((uint)cr | AccessMovTo | ((ulong)(uint)gpr << 8), instruction);
        return true;
    }

    /// <summary>MOV from CR3 or CR8.</summary>
    internal bool InterceptsMovFromCr(int cr, int gpr, in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        uint control = cr switch { 3 => ProcControls.Cr3StoreExiting, 8 => ProcControls.Cr8StoreExiting, _ => 0 };
        if ((CurrentVmcs.Dword(VmcsField.ProcBasedControls) & control) == 0)
            return false;
        outcome = CrExit((uint)cr | AccessMovFrom | ((ulong)(uint)gpr << 8), instruction);
        return true;
    }

    /// <summary>CLTS: exits when the host owns CR0.TS and shows it set.</summary>
    internal bool InterceptsClts(in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        Vmcs v = CurrentVmcs;
        if ((v[VmcsField.Cr0GuestHostMask] & v[VmcsField.Cr0ReadShadow] & Cr0Bit.Ts) == 0)
            return false;
        outcome = CrExit(AccessClts, instruction);
        return true;
    }

    /// <summary>LMSW: PE, MP, EM, TS against mask and shadow; PE only when it would be set.</summary>
    internal bool InterceptsLmsw(ushort value, in Instruction instruction, out Outcome outcome, ulong linear = 0)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        ulong mask = CurrentVmcs[VmcsField.Cr0GuestHostMask], shadow = CurrentVmcs[VmcsField.Cr0ReadShadow];
        bool setsPe = (mask & value & ~shadow & Cr0Bit.Pe) != 0;
        if (!setsPe && (mask & (value ^ shadow) & (Cr0Bit.Mp | Cr0Bit.Em | Cr0Bit.Ts)) == 0)
            return false;
        bool memory = instruction.Op0Kind == OpKind.Memory;
        outcome = VmExit(new ExitInformation(ExitReason.ControlRegisterAccess)
        {
            Qualification = AccessLmsw | (memory ? 64UL : 0) | ((ulong)value << 16),
            InstructionLength = (uint)instruction.Length, GuestLinear = memory ? linear : 0,
        });
        return true;
    }

    /// <summary>
    /// The value a guest's MOV to CR0 or CR4 really loads: bits the host owns stay. SDM vol. 3C, 26.3.
    /// </summary>
    internal ulong MergeGuestCr(int cr, ulong value)
    {
        if (!Vmx.NonRoot || cr is not (0 or 4))
            return value;
        ulong mask = CurrentVmcs[cr == 0 ? VmcsField.Cr0GuestHostMask : VmcsField.Cr4GuestHostMask];
        return (value & ~mask) | ((cr == 0 ? Lp->Cr0 : Lp->Cr4) & mask);
    }

    /// <summary>
    /// CR0 or CR4 as a read sees it: bits the host owns come from the read shadow. SDM vol. 3C, 26.3.
    /// </summary>
    internal ulong VisibleCr(int cr)
    {
        ulong real = cr == 0 ? Lp->Cr0 : Lp->Cr4;
        if (!Vmx.NonRoot)
            return real;
        Vmcs v = CurrentVmcs;
        ulong mask = v[cr == 0 ? VmcsField.Cr0GuestHostMask : VmcsField.Cr4GuestHostMask];
        return (real & ~mask) | (v[cr == 0 ? VmcsField.Cr0ReadShadow : VmcsField.Cr4ReadShadow] & mask);
    }

    private static bool MovToCrExits(Vmcs v, int cr, ulong value)
    {
        uint controls = v.Dword(VmcsField.ProcBasedControls);
        return cr switch
        {
            0 => (v[VmcsField.Cr0GuestHostMask] & (value ^ v[VmcsField.Cr0ReadShadow])) != 0,
            4 => (v[VmcsField.Cr4GuestHostMask] & (value ^ v[VmcsField.Cr4ReadShadow])) != 0,
            3 => (controls & ProcControls.Cr3LoadExiting) != 0 && !IsCr3Target(v, value),
            8 => (controls & ProcControls.Cr8LoadExiting) != 0,
            _ => false,
        };
    }

    private static bool IsCr3Target(Vmcs v, ulong value)
    {
        uint count = Math.Min(v.Dword(VmcsField.Cr3TargetCount), 4);
        for (int i = 0; i < count; i++)
            if (v[VmcsLayout.Following(VmcsField.Cr3Target0, i)] == value)
                return true;
        return false;
    }

    private Outcome CrExit(ulong qualification, in Instruction instruction) =>
        VmExit(ExitReason.ControlRegisterAccess, qualification, instruction.Length);
}
