using Seamsim.Host.Guests;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Hpa = Seamsim.Isa.Hpa;
using IsaPlatform = Seamsim.Tests.Isa.Models.TestPlatform;

namespace Seamsim.Tests.Host.Guests;

public sealed unsafe class GuestEntryTests
{
    private const ulong Reset = 0xFFFFF000, ResetAlias = 0x0010_0000, Code64 = 0x10100;

    // The vCPU state after TDH.VP.INIT, on a core outside VMX: TDCALL is #UD there, so the run stops being interesting
    // after the first one. The reset page is copied below 1 GiB, where this platform has memory.
    [TestCaseSource(typeof(BuiltInGuests), nameof(BuiltInGuests.Names))]
    public void A_guest_reaches_64_bit_mode_from_the_reset_state_of_a_vCPU(string name)
    {
        using IsaPlatform platform = new(new CpuParameters());
        foreach (GuestRegion region in BuiltInGuests.Find(name)!.Regions)
            platform.Memory.Write(
                new Hpa(region.Gpa == Reset ? ResetAlias : region.Gpa), region.Bytes.Span, inSeam: false);
        Core core = platform.Cores[0];
        LogicalProcessor* lp = core.Lp;
        Segment data = new() { Limit = uint.MaxValue, AccessRights = 0xC093 };
        lp->Es = lp->Ss = lp->Ds = lp->Fs = lp->Gs = data;
        lp->Cs = new Segment { Limit = uint.MaxValue, AccessRights = 0xC09B };
        (lp->Cr0, lp->Cr4, lp->Efer, lp->Rip) = (0x21, 0x2040, 0x901, ResetAlias + 0xFF0);
        core.ModeChanged();

        core.Run(maxInstructions: 25, untilCycles: ulong.MaxValue);

        Assert.Multiple(() =>
        {
            Assert.That(lp->Efer & 0x400, Is.Not.Zero, "IA32_EFER.LMA");
            Assert.That(lp->Cs.Selector, Is.EqualTo(8));
            Assert.That(lp->Rip, Is.InRange(Code64, Code64 + 0x8000));
            Assert.That(lp->IdtrBase, Is.EqualTo(0x1200));
        });
    }
}
