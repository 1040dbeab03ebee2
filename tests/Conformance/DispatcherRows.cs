using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// What the dispatcher refuses before any leaf runs. TDX Module 1.5 base specification, "SEAMCALL interface".
/// </summary>
public class DispatcherRows(string target) : PlatformFixture(target)
{
    [TestCase(0x0000000001000009UL, TestName = "{m}(reserved bit 24)")]
    [TestCase(0x4000000000000009UL, TestName = "{m}(reserved bit 62)")]
    [TestCase(0x0000000000010009UL, TestName = "{m}(version of a leaf without versions)")]
    [TestCase(0x000000000000002AUL, TestName = "{m}(a number that is not dispatched)")]
    [TestCase(0x000000000000FFFFUL, TestName = "{m}(a number far off)")]
    public void RAX_is_refused(ulong rax) =>
        Assert.That(Target.Call(rax, default, 0).Status, Is.EqualTo(TdxStatus.OperandInvalid.With(OperandId.Rax)));

    [Test]
    public void Registers_that_are_no_outputs_come_back_unchanged()
    {
        SeamcallResult result = Target.Call(44, new(1, 2, 3, 4, 5, 6, 7, 8), 0);
        ulong[] registers = [result.Rcx, result.Rdx, result.R8, result.R9, .. result.Gprs[10..14]];
        Assert.That(registers, Is.EqualTo(new ulong[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
    }
}
