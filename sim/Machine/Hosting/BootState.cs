using Seamsim.Isa.State;

namespace Seamsim.Hosting;

/// <summary>
/// The registers early boot leaves: 64-bit mode, CPL 0, paging one to one, CR4.VMXE set, XCR0 with all the model has,
/// interrupts off.
/// </summary>
internal static class BootState
{
    private const uint ApicBase = 0x1B, SpuriousVector = 0x80F;
    private const ulong X2ApicEnabled = 0xC00;
    private const uint Code64 = 0xA09B, Data = 0xC093, BusyTss = 0x008B, Unusable = 0x1_0000;

    /// <summary>Puts a logical processor into that state.</summary>
    public static unsafe void Enter(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        lp->Cr0 = Cr0Bit.Pe | Cr0Bit.Mp | Cr0Bit.Et | Cr0Bit.Ne | Cr0Bit.Wp | Cr0Bit.Pg;
        lp->Cr3 = HostLayout.PageTables;
        lp->Cr4 = Cr4Bit.Pae | Cr4Bit.Pge | Cr4Bit.Osfxsr | Cr4Bit.Osxmmexcpt | Cr4Bit.Vmxe | Cr4Bit.Fsgsbase
            | Cr4Bit.Osxsave;
        lp->Efer = EferBit.Sce | EferBit.Lme | EferBit.Lma | EferBit.Nxe;
        lp->Cs = new Segment { Selector = HostLayout.CodeSelector, Limit = uint.MaxValue, AccessRights = Code64 };
        Segment data = new() { Selector = HostLayout.DataSelector, Limit = uint.MaxValue, AccessRights = Data };
        lp->Ds = lp->Es = lp->Ss = lp->Fs = lp->Gs = data;
        lp->Ldtr = new Segment { AccessRights = Unusable };
        lp->Tr = new Segment
        {
            Selector = (ushort)(HostLayout.FirstTssSelector + (16 * core.Index)),
            Base = HostLayout.Tss + ((ulong)core.Index * HostLayout.TssStride),
            Limit = 0x67,
            AccessRights = BusyTss,
        };
        lp->GdtrBase = HostLayout.Gdt;
        lp->GdtrLimit = 0x3FFF;
        lp->IdtrBase = HostLayout.Idt;
        lp->IdtrLimit = 0xFFF;
        lp->Gpr[4] = StackTop(core.Index);
        core.Rflags = RflagsBit.Fixed1;
        core.ModeChanged();
        core.TryWriteXcr0(core.XsaveSupported);
        core.TryWrmsr(ApicBase, (core.TryRdmsr(ApicBase, out ulong apicBase) ? apicBase : 0) | X2ApicEnabled);
        core.TryWrmsr(SpuriousVector, 0x1FF); // software enable, vector 0xFF
    }

    /// <summary>Initial stack pointer of a logical processor.</summary>
    public static ulong StackTop(int index) => HostLayout.Stacks + (((ulong)index + 1) * HostLayout.StackBytes);
}
