using Seamsim.Firmware.Abi;
using Seamsim.Isa.Models;

namespace Seamsim.Tests.Integration;

/// <summary>A processor unlike the others is refused by TDH.SYS.LP.INIT, called through real SEAMCALLs.</summary>
[TestFixture]
internal sealed class OddProcessorTests
{
    [TestCase("0x7.0.ebx[3]=0", "TDX_INCONSISTENT_CPUID_FIELD")]
    [TestCase("msr.0x3b=7", "TDX_INCONSISTENT_MSR")]
    public void TDH_SYS_LP_INIT_refuses_a_processor_unlike_the_first(string difference, string expected)
    {
        Assert.That(LpOverride.TryParse(difference, out LpOverride odd, out _));
        using Machine machine = new(new Platform { MemoryBytes = 1UL << 30, OddLps = [(1, odd)] });
        machine.Advance(StartState.Installed);
        TdxStatus first = machine.Seamcall(0, "TDH.SYS.INIT").Status, own = machine.Seamcall(0, "TDH.SYS.LP.INIT").Status;
        SeamcallAnswer answer = machine.Seamcall(1, "TDH.SYS.LP.INIT");
        Assert.That((first, own), Is.EqualTo((TdxStatus.Success, TdxStatus.Success)));
        Assert.That(answer.Status.ToString(), Does.StartWith(expected));
    }
}
