using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Isa.Vmx;

public sealed unsafe class VmxInstructionTests
{
    // Encodings whose handlers need no memory operand before they fault or exit.
    private static readonly (string Name, byte[] Code, ExitReason Reason)[] Instructions =
    [
        ("vmcall",   [0x0F, 0x01, 0xC1],             ExitReason.Vmcall),
        ("vmlaunch", [0x0F, 0x01, 0xC2],             ExitReason.Vmlaunch),
        ("vmresume", [0x0F, 0x01, 0xC3],             ExitReason.Vmresume),
        ("vmxoff",   [0x0F, 0x01, 0xC4],             ExitReason.Vmxoff),
        ("vmptrld",  [0x0F, 0xC7, 0x30],             ExitReason.Vmptrld),
        ("vmptrst",  [0x0F, 0xC7, 0x38],             ExitReason.Vmptrst),
        ("vmclear",  [0x66, 0x0F, 0xC7, 0x30],       ExitReason.Vmclear),
        ("vmread",   [0x0F, 0x78, 0xC8],             ExitReason.Vmread),
        ("vmwrite",  [0x0F, 0x79, 0xC8],             ExitReason.Vmwrite),
        ("invept",   [0x66, 0x0F, 0x38, 0x80, 0x08], ExitReason.Invept),
        ("invvpid",  [0x66, 0x0F, 0x38, 0x81, 0x08], ExitReason.Invvpid),
    ];

    private static readonly byte[] VmxonCode = [0xF3, 0x0F, 0xC7, 0x30], VmfuncCode = [0x0F, 0x01, 0xD4];

    [Test]
    public void Outside_vmx_operation_every_instruction_is_undefined()
    {
        using VmxRig rig = new(enterVmx: false);
        foreach ((string name, byte[] code, ExitReason _) in Instructions)
        {
            Assert.That(rig.Execute(code), Is.EqualTo(Outcome.Fault), name);
            Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.UD), name);
        }
    }

    [Test]
    public void In_compatibility_mode_every_instruction_is_undefined()
    {
        using VmxRig rig = new();
        rig.Core.Lp->Cs.AccessRights &= ~SegmentBit.Long;
        foreach ((string name, byte[] code, ExitReason _) in Instructions)
        {
            Assert.That(rig.Execute(code), Is.EqualTo(Outcome.Fault), name);
            Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.UD), name);
        }
    }

    [Test]
    public void User_mode_is_a_general_protection_fault()
    {
        using VmxRig rig = new();
        rig.SetCpl(3);
        foreach ((string name, byte[] code, ExitReason _) in Instructions)
        {
            Assert.That(rig.Execute(code), Is.EqualTo(Outcome.Fault), name);
            Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.GP), name);
        }
    }

    [Test]
    public void A_guest_exits_on_every_instruction_whatever_its_privilege([Values(0, 3)] int cpl)
    {
        foreach ((string name, byte[] code, ExitReason reason) in (IEnumerable<(string, byte[], ExitReason)>)
            [.. Instructions, ("vmxon", VmxonCode, ExitReason.Vmxon)])
        {
            using VmxRig rig = new();
            rig.Enter();
            rig.SetCpl(cpl);
            Assert.That(rig.Execute(code), Is.EqualTo(Outcome.Jumped), name);
            Assert.That(rig.V[VmcsField.ExitReason], Is.EqualTo((ulong)reason), name);
            Assert.That(rig.V[VmcsField.ExitInstructionLength], Is.EqualTo(code.Length), name);
            Assert.That((rig.Core.InNonRoot, rig.Core.Lp->Rip), Is.EqualTo((false, VmxRig.HostRip)), name);
        }
    }

    [Test]
    public void Vmfunc_is_undefined_in_root_operation_and_without_its_control()
    {
        using VmxRig rig = new();
        Assert.That(rig.Execute(VmfuncCode), Is.EqualTo(Outcome.Fault));
        rig.Enter();
        Assert.That(rig.Execute(VmfuncCode), Is.EqualTo(Outcome.Fault));
        Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.UD));
    }

    [Test]
    public void Vmfunc_switches_to_a_listed_eptp_and_exits_for_one_that_is_not_valid()
    {
        using VmxRig rig = new();
        Vmcs v = rig.V;
        v[VmcsField.ProcBasedControls2] |= ProcControls2.EnableVmFunctions;
        v[VmcsField.VmFunctionControls] = 1;
        v[VmcsField.EptpListAddress] = 0xB000;
        rig.Write64(0xB008, 0xC000 | 3 << 3 | 6);
        rig.Enter();
        (rig.Core.Gpr(0), rig.Core.Gpr(1)) = (0, 1);
        Assert.That(rig.Execute(VmfuncCode), Is.EqualTo(Outcome.Next));
        Assert.That(v[VmcsField.Eptp], Is.EqualTo(0xC000 | 3 << 3 | 6));
        rig.Core.Gpr(1) = 2;
        Assert.That(rig.Execute(VmfuncCode), Is.EqualTo(Outcome.Jumped));
        Assert.That(v[VmcsField.ExitReason], Is.EqualTo((ulong)ExitReason.Vmfunc));
    }

    [Test]
    public void Pointer_operations_report_their_errors()
    {
        using VmxRig rig = new();
        (string Row, Func<VmxResult> Run, VmInstructionError Error)[] rows =
        [
            ("vmptrld unaligned",     () => rig.Core.Vmptrld(0x3008),            VmInstructionError.VmptrldInvalidAddress),
            ("vmptrld beyond width",  () => rig.Core.Vmptrld(1UL << 52),         VmInstructionError.VmptrldInvalidAddress),
            ("vmptrld private key",   () => rig.Core.Vmptrld(0x3000 | 32UL << 46), VmInstructionError.VmptrldInvalidAddress),
            ("vmptrld vmxon pointer", () => rig.Core.Vmptrld(VmxRig.Vmxon),      VmInstructionError.VmptrldVmxonPointer),
            ("vmptrld revision",      () => rig.Core.Vmptrld(0xD000),            VmInstructionError.VmptrldWrongRevision),
            ("vmptrld seam range",    () => rig.Core.Vmptrld(VmxRig.SeamBase),   VmInstructionError.VmptrldWrongRevision),
            ("vmclear unaligned",     () => rig.Core.Vmclear(1),                 VmInstructionError.VmclearInvalidAddress),
            ("vmclear vmxon pointer", () => rig.Core.Vmclear(VmxRig.Vmxon),      VmInstructionError.VmclearVmxonPointer),
            ("vmread unknown",        () => rig.Core.Vmread(0x7000, out _),      VmInstructionError.UnsupportedField),
            ("vmread high of 32 bit", () => rig.Core.Vmread(0x4001, out _),      VmInstructionError.UnsupportedField),
            ("vmwrite unknown",       () => rig.Core.Vmwrite(0x000A, 0),         VmInstructionError.UnsupportedField),
            ("vmresume not launched", () => rig.Core.EnterGuest(false, out _),   VmInstructionError.VmresumeNonLaunched),
            ("invept type 0",         () => rig.Core.Invept(0, 0),               VmInstructionError.InvalidOperandToInveptInvvpid),
            ("invept bad eptp",       () => rig.Core.Invept(1, 1),               VmInstructionError.InvalidOperandToInveptInvvpid),
            ("invvpid type 4",        () => rig.Core.Invvpid(4, 1, default),     VmInstructionError.InvalidOperandToInveptInvvpid),
            ("invvpid vpid 0",        () => rig.Core.Invvpid(1, 0, default),     VmInstructionError.InvalidOperandToInveptInvvpid),
            ("invvpid address",       () => rig.Core.Invvpid(0, 1, new Gva(1UL << 60)), VmInstructionError.InvalidOperandToInveptInvvpid),
        ];
        foreach ((string row, Func<VmxResult> run, VmInstructionError error) in rows)
        {
            Assert.That(run(), Is.EqualTo(VmxResult.FailValid), row);
            Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)error), row);
        }
    }

    [Test]
    public void Vmlaunch_needs_a_clear_vmcs_and_no_mov_ss_blocking()
    {
        using VmxRig rig = new();
        rig.Enter();
        rig.Core.VmExit(ExitReason.Hlt);
        Assert.That(rig.Execute(0x0F, 0x01, 0xC2), Is.EqualTo(Outcome.Next));
        Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)VmInstructionError.VmlaunchNonClear));
        rig.Core.Lp->InterruptShadow = 2;
        rig.Execute(0x0F, 0x01, 0xC3);
        Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)VmInstructionError.EntryBlockedByMovSs));
    }

    [Test]
    public void Results_go_to_the_carry_and_zero_flags()
    {
        using VmxRig rig = new();
        rig.Core.Rflags = RflagsBit.Arithmetic;
        rig.Execute(0x0F, 0x01, 0xC3);
        Assert.That(rig.Core.Rflags & RflagsBit.Arithmetic, Is.EqualTo(RflagsBit.Zf));
        rig.Core.Vmclear(VmxRig.Region);
        rig.Execute(0x0F, 0x01, 0xC3);
        Assert.That(rig.Core.Rflags & RflagsBit.Arithmetic, Is.EqualTo(RflagsBit.Cf));
    }

    [Test]
    public void Vmxon_in_root_operation_fails_and_vmxoff_leaves()
    {
        using VmxRig rig = new();
        rig.Execute(VmxonCode);
        Assert.That(rig.V[VmcsField.VmInstructionError], Is.EqualTo((ulong)VmInstructionError.VmxonInRoot));
        Assert.That(rig.Execute(0x0F, 0x01, 0xC4), Is.EqualTo(Outcome.Next));
        Assert.That(rig.Core.InVmxOperation, Is.False);
        Assert.That(rig.Execute(0x0F, 0x01, 0xC4), Is.EqualTo(Outcome.Fault));
    }

    [Test]
    public void Vmxon_wants_fixed_control_register_bits()
    {
        using VmxRig rig = new(enterVmx: false);
        rig.Core.Lp->Cr0 &= ~Cr0Bit.Ne;
        Assert.That(rig.Execute(VmxonCode), Is.EqualTo(Outcome.Fault));
        Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.GP));
        rig.Core.Lp->Cr4 &= ~Cr4Bit.Vmxe;
        rig.Execute(VmxonCode);
        Assert.That(rig.Core.PendingFault.Vector, Is.EqualTo(Vector.UD));
    }
}
