using Iced.Intel;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.State;

// Which instructions of a guest cause VM exits. SDM vol. 3C, 26.1. Each query answers false at once outside non-root
// operation; true means the exit has happened and the handler returns the outcome. The handler's own faults that take
// priority over the exit (26.1.1) come first, and its effects afterwards.
public sealed unsafe partial class Core
{
    /// <summary>An instruction whose intercept depends on controls alone (or that always exits).</summary>
    /// <param name="reason">The exit reason, which also selects the control.</param>
    /// <param name="instruction">The instruction, for length and instruction information.</param>
    /// <param name="outcome">What the handler returns when the result is true.</param>
    /// <param name="qualification">INVLPG: the linear address; INVEPT and the like: the displacement.</param>
    internal bool Intercepts(
        ExitReason reason, in Instruction instruction, out Outcome outcome, ulong qualification = 0)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || !InstructionControls.Exits(CurrentVmcs, reason))
            return false;
        outcome = VmExit(new ExitInformation(reason)
        {
            Qualification = qualification, InstructionLength = (uint)instruction.Length,
            InstructionInformation = InstructionInformation.Of(reason, instruction),
        });
        return true;
    }

    /// <summary>In a guest whose secondary controls do not enable an instruction it is #UD. SDM vol. 3C, 26.3.</summary>
    internal bool GuestLacks(uint control) => Vmx.NonRoot && !IsSet(CurrentVmcs, control);

    /// <summary>XSAVES and XRSTORS of a component in the XSS-exiting bitmap. SDM vol. 3C, 26.1.3.</summary>
    internal bool InterceptsXss(ExitReason reason, in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        ulong named = (uint)Lp->Gpr[0] | (Lp->Gpr[2] << 32);
        if (!Vmx.NonRoot || (named & Lp->Xss & CurrentVmcs[VmcsField.XssExitingBitmap]) == 0)
            return false;
        outcome = VmExit(new ExitInformation(reason)
        {
            Qualification = instruction.MemoryDisplacement64, InstructionLength = (uint)instruction.Length,
            InstructionInformation = InstructionInformation.Of(reason, instruction),
        });
        return true;
    }

    /// <summary>RDMSR through the MSR bitmaps. SDM vol. 3C, 25.6.9.</summary>
    internal bool InterceptsRdmsr(uint msr, in Instruction instruction, out Outcome outcome) =>
        InterceptsMsr(ExitReason.Rdmsr, msr, instruction, out outcome);

    /// <summary>WRMSR through the MSR bitmaps. SDM vol. 3C, 25.6.9.</summary>
    internal bool InterceptsWrmsr(uint msr, in Instruction instruction, out Outcome outcome) =>
        InterceptsMsr(ExitReason.Wrmsr, msr, instruction, out outcome);

    /// <summary>IN, OUT, INS, OUTS through the I/O bitmaps or unconditionally. SDM vol. 3C, 25.6.4.</summary>
    /// <param name="port">First port.</param>
    /// <param name="bytes">1, 2 or 4.</param>
    /// <param name="input">IN or INS.</param>
    /// <param name="instruction">The instruction: string and REP forms and the immediate show in the
    /// qualification.</param>
    /// <param name="outcome">What the handler returns when the result is true.</param>
    /// <param name="linear">INS, OUTS: the linear address of the memory operand.</param>
    internal bool InterceptsIo(
        ushort port, int bytes, bool input, in Instruction instruction, out Outcome outcome, ulong linear = 0)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || !IoExits(CurrentVmcs, port, bytes))
            return false;
        bool isString = instruction.IsStringInstruction;
        bool immediate = instruction.OpCount > 0 &&
            (instruction.Op0Kind == OpKind.Immediate8 ||
                instruction.OpCount > 1 && instruction.Op1Kind == OpKind.Immediate8);
        bool repeated = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        ulong qualification = (uint)(bytes - 1) | (input ? 8UL : 0) | (isString ? 16UL : 0) |
            (isString && repeated ? 32UL : 0) | (immediate ? 64UL : 0) | ((ulong)port << 16);
        outcome = VmExit(new ExitInformation(ExitReason.IoInstruction)
        {
            Qualification = qualification, InstructionLength = (uint)instruction.Length, GuestLinear = linear,
            InstructionInformation = isString ? InstructionInformation.OfString(instruction) : 0,
        });
        return true;
    }

    /// <summary>MOV to or from a debug register. SDM vol. 3C, table 28-4.</summary>
    internal bool InterceptsMovDr(int dr, int gpr, bool fromDr, in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || (CurrentVmcs.Dword(VmcsField.ProcBasedControls) & ProcControls.MovDrExiting) == 0)
            return false;
        ulong qualification = (uint)dr | (fromDr ? 16UL : 0) | ((ulong)(uint)gpr << 8);
        outcome = VmExit(ExitReason.MovDr, qualification, instruction.Length);
        return true;
    }

    /// <summary>A task switch, which VMX does not support in a guest. SDM vol. 3C, table 28-2.</summary>
    /// <param name="selector">Selector of the target TSS.</param>
    /// <param name="source">0 CALL, 1 IRET, 2 JMP, 3 task gate in the IDT.</param>
    /// <param name="instructionLength">Length of the instruction.</param>
    /// <param name="outcome">What the handler returns when the result is true.</param>
    internal bool InterceptsTaskSwitch(ushort selector, int source, int instructionLength, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot)
            return false;
        outcome = VmExit(ExitReason.TaskSwitch, selector | ((ulong)(uint)source << 30), instructionLength);
        return true;
    }

    private bool InterceptsMsr(ExitReason reason, uint msr, in Instruction instruction, out Outcome outcome)
    {
        outcome = Outcome.Next;
        if (!Vmx.NonRoot || !MsrExits(CurrentVmcs, msr, reason == ExitReason.Wrmsr))
            return false;
        outcome = VmExit(reason, 0, instruction.Length);
        return true;
    }

    private bool MsrExits(Vmcs v, uint msr, bool write)
    {
        if ((v.Dword(VmcsField.ProcBasedControls) & ProcControls.UseMsrBitmaps) == 0)
            return true;
        bool high = msr is >= 0xC000_0000 and <= 0xC000_1FFF;
        if (msr > 0x1FFF && !high)
            return true;
        uint bit = msr & 0x1FFF;
        return BitmapBit(v, v[VmcsField.MsrBitmap] + (high ? 1024u : 0) + (write ? 2048u : 0), bit);
    }

    private bool IoExits(Vmcs v, ushort port, int bytes)
    {
        uint controls = v.Dword(VmcsField.ProcBasedControls);
        if ((controls & ProcControls.UseIoBitmaps) == 0)
            return (controls & ProcControls.UnconditionalIoExiting) != 0;
        if (port + bytes > 0x10000)
            return true;
        for (uint p = port; p < (uint)(port + bytes); p++)
            if (BitmapBit(v, v[p < 0x8000 ? VmcsField.IoBitmapA : VmcsField.IoBitmapB], p & 0x7FFF))
                return true;
        return false;
    }

    /// <summary>A bit of a bitmap the VMCS points to.</summary>
    internal bool BitmapBit(Vmcs v, ulong bitmap, uint bit)
    {
        Span<byte> one = stackalloc byte[1];
        Memory.Read(ControlStructure(v, bitmap) + bit / 8, one, Vmx.Seam);
        return ((one[0] >> (int)(bit & 7)) & 1) != 0;
    }

    /// <summary>
    /// Address of a structure that a VMCS names. In a TD it lies under the TD's HKID (field 0x4026) unless the address
    /// says otherwise.
    /// </summary>
    internal Hpa ControlStructure(Vmcs v, ulong address)
    {
        var at = new Hpa(address);
        return Vmx.Seam && Vmx.NonRoot && Memory.Keys.KeyOf(at) == KeyId.Platform
            ? Memory.Keys.WithKey(at, new KeyId((ushort)v[VmcsField.TdHkid]))
            : at;
    }
}
