using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Isa.Decode;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Isa.Models;

namespace Seamsim.Tests.Isa.Vmx;

/// <summary>A logical processor in VMX root operation, 64-bit mode, with a current VMCS that passes every entry
/// check.</summary>
internal sealed unsafe class VmxRig : IDisposable
{
    public const ulong SeamBase = 0x2000_0000, SeamBytes = 0x200_0000, Vmxon = 0x1000, Region = 0x2000, Second = 0x3000,
        MsrBitmap = 0x4000, IoBitmapA = 0x5000, IoBitmapB = 0x6000, VeArea = 0x7000, Pml4 = 0x1_0000, SharedPml4 =
        0x2_0000,
        HostRip = 0xFFFF_8000_0000_1000, GuestRip = 0x40_0000;

    private readonly TestPlatform platform;

    public VmxRig(bool enterVmx = true)
    {
        platform = new TestPlatform(new CpuParameters { SeamrrBase = SeamBase, SeamrrBytes = SeamBytes });
        EnterLongMode(Core);
        Write32(Vmxon, Core.Capabilities.RevisionId);
        Write32(Region, Core.Capabilities.RevisionId);
        Write32(Second, Core.Capabilities.RevisionId);
        if (!enterVmx)
            return;
        Assert.That(Core.EnterVmxOperation(Vmxon), Is.EqualTo(VmxResult.Succeed));
        Assert.That(Core.Vmclear(Region), Is.EqualTo(VmxResult.Succeed));
        Assert.That(Core.Vmptrld(Region), Is.EqualTo(VmxResult.Succeed));
        WriteGoodVmcs(Core.CurrentVmcs);
    }

    public Core Core => platform.Cores[0];

    public Core Other => platform.Cores[1];

    public TestPlatform Platform => platform;

    public Vmcs V => Core.CurrentVmcs;

    /// <summary>Enters the guest of the current VMCS.</summary>
    public void Enter()
    {
        Assert.That(Core.EnterGuest(!V.Launched, out Outcome outcome), Is.EqualTo(VmxResult.Succeed));
        Assert.That(outcome, Is.EqualTo(Outcome.Jumped));
        Assert.That(Core.InNonRoot, Is.True, $"exit {V[VmcsField.ExitReason]:X}");
    }

    /// <summary>Runs the handler of one instruction given as bytes.</summary>
    public Outcome Execute(params byte[] code)
    {
        Instruction instruction = Decode(code);
        foreach (SystemRow row in (SystemRow[])[.. VmxInstructions.Table, .. SeamInstructions.Table])
            if (row.Code == instruction.Code)
                return row.Handler(Core, instruction);
        throw new AssertionException($"no handler for {instruction.Code}");
    }

    public static Instruction Decode(params byte[] code)
    {
        Instruction instruction = Iced.Intel.Decoder.Create(64, code).Decode();
        Assert.That(instruction.IsInvalid, Is.False);
        return instruction;
    }

    public void Write32(ulong address, uint value) => platform.Memory.Write(new Hpa(address), value, inSeam: true);

    public void Write64(ulong address, ulong value) => platform.Memory.Write(new Hpa(address), value, inSeam: true);

    public ulong Read64(ulong address) => platform.Memory.Read<ulong>(new Hpa(address), inSeam: true, out _);

    public void SetCpl(int cpl)
    {
        Core.Lp->Ss.AccessRights = (Core.Lp->Ss.AccessRights & ~0x60u) | ((uint)cpl << 5);
        Core.Lp->Cs.AccessRights = (Core.Lp->Cs.AccessRights & ~0x60u) | ((uint)cpl << 5);
    }

    /// <summary>A TD's VMCS instead of a legacy guest's: SEAM operation, HKID, GPAW 48.</summary>
    public void BecomeTd(ushort hkid, bool gpaw52 = false)
    {
        Core.Vmx.Seam = true;
        Vmcs v = V;
        v[VmcsField.ProcBasedControls] = v[VmcsField.ProcBasedControls] | ProcControls.ActivateTertiaryControls;
        v[VmcsField.ProcBasedControls3] = gpaw52 ? ProcControls3.Gpaw : 0;
        v[VmcsField.TdHkid] = hkid;
    }

    public static void WriteGoodVmcs(Vmcs v)
    {
        WriteGoodControls(v);
        v[VmcsField.HostCr0] = Cr0Bit.Pe | Cr0Bit.Ne | Cr0Bit.Et | Cr0Bit.Wp | Cr0Bit.Pg;
        v[VmcsField.HostCr3] = 0x8000;
        v[VmcsField.HostCr4] = Cr4Bit.Pae | Cr4Bit.Vmxe;
        v[VmcsField.HostCsSelector] = 8;
        v[VmcsField.HostSsSelector] = 0x10;
        v[VmcsField.HostTrSelector] = 0x20;
        v[VmcsField.HostRip] = HostRip;
        v[VmcsField.HostRsp] = 0x9000;
        v[VmcsField.HostEfer] = EferBit.Lme | EferBit.Lma | EferBit.Nxe;
        v[VmcsField.HostPat] = 0x0007_0406_0007_0406;
        WriteGoodGuest(v);
    }

    private static void WriteGoodControls(Vmcs v)
    {
        v[VmcsField.PinBasedControls] = 0x16 | PinControls.ExternalInterruptExiting | PinControls.NmiExiting |
            PinControls.VirtualNmis;
        v[VmcsField.ProcBasedControls] = 0x0400_6172 | ProcControls.HltExiting | ProcControls.UseMsrBitmaps |
            ProcControls.UseIoBitmaps | ProcControls.ActivateSecondaryControls;
        v[VmcsField.ProcBasedControls2] = ProcControls2.EnableEpt | ProcControls2.EnableVpid |
            ProcControls2.UnrestrictedGuest;
        v[VmcsField.ExitControls] = 0x0003_6DFB | ExitControls.HostAddressSpaceSize | ExitControls.LoadEfer |
            ExitControls.SaveEfer | ExitControls.LoadPat | ExitControls.SavePat | ExitControls.SaveDebugControls;
        v[VmcsField.EntryControls] = 0x0000_11FB | EntryControls.Ia32eModeGuest | EntryControls.LoadEfer |
            EntryControls.LoadPat | EntryControls.LoadDebugControls;
        v[VmcsField.Vpid] = 1;
        v[VmcsField.Eptp] = Pml4 | 3 << 3 | 6;
        v[VmcsField.MsrBitmap] = MsrBitmap;
        v[VmcsField.IoBitmapA] = IoBitmapA;
        v[VmcsField.IoBitmapB] = IoBitmapB;
        v[VmcsField.VirtualizationExceptionInformationAddress] = VeArea;
    }

    private static void WriteGoodGuest(Vmcs v)
    {
        v[VmcsField.GuestCr0] = Cr0Bit.Pe | Cr0Bit.Ne | Cr0Bit.Et | Cr0Bit.Wp | Cr0Bit.Pg;
        v[VmcsField.GuestCr3] = 0x9000;
        v[VmcsField.GuestCr4] = Cr4Bit.Pae | Cr4Bit.Vmxe;
        v[VmcsField.GuestDr7] = 0x400;
        v[VmcsField.GuestEfer] = EferBit.Lme | EferBit.Lma;
        v[VmcsField.GuestPat] = 0x0007_0406_0007_0406;
        for (int segment = SegmentFields.Es; segment <= SegmentFields.Gs; segment++)
        {
            v[SegmentFields.Selector(segment)] = 0x10;
            v[SegmentFields.Limit(segment)] = uint.MaxValue;
            v[SegmentFields.Rights(segment)] = 0xC093;
        }
        v[VmcsField.GuestCsSelector] = 8;
        v[VmcsField.GuestCsAccessRights] = 0xA09B;
        v[VmcsField.GuestLdtrAccessRights] = SegmentBit.Unusable;
        v[VmcsField.GuestTrSelector] = 0x20;
        v[VmcsField.GuestTrLimit] = 0x67;
        v[VmcsField.GuestTrAccessRights] = 0x8B;
        v[VmcsField.GuestGdtrLimit] = 0xFFFF;
        v[VmcsField.GuestIdtrLimit] = 0xFFFF;
        v[VmcsField.GuestRip] = GuestRip;
        v[VmcsField.GuestRsp] = 0x7000;
        v[VmcsField.GuestRflags] = 2;
        v[VmcsField.VmcsLinkPointer] = ulong.MaxValue;
    }

    /// <summary>64-bit mode at CPL 0 with VMXE.</summary>
    public static void EnterLongMode(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        lp->Cr0 = Cr0Bit.Pe | Cr0Bit.Ne | Cr0Bit.Et | Cr0Bit.Wp | Cr0Bit.Pg;
        lp->Cr3 = 0x8000;
        lp->Cr4 = Cr4Bit.Pae | Cr4Bit.Vmxe;
        lp->Efer = EferBit.Lme | EferBit.Lma | EferBit.Nxe;
        lp->Cs = new Segment { Selector = 8, Limit = uint.MaxValue, AccessRights = 0xA09B };
        lp->Ss = lp->Ds = lp->Es = lp->Fs = lp->Gs = new Segment { Selector = 0x10, Limit =
            uint.MaxValue, AccessRights = 0xC093 };
        lp->Tr = new Segment { Selector = 0x20, Limit = 0x67, AccessRights = 0x8B };
        lp->Ldtr = new Segment { AccessRights = SegmentBit.Unusable };
        lp->Rip = 0x1234;
    }

    public void Dispose() => platform.Dispose();
}
