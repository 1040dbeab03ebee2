using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>The fixture README.md shows.</summary>
public class KeyConfigTests(string target) : PlatformFixture(target)
{
    [Test]
    public void A_key_is_configured_once_per_package()
    {
        TestTd td = Td(TdStage.Created);
        Expect(TdxStatus.Success, "TDH.MNG.KEY.CONFIG", rcx: td.TdrPage);
        Expect(TdxStatus.LifecycleStateIncorrect, "TDH.MNG.KEY.CONFIG", rcx: td.TdrPage);
    }

    [Test]
    public void A_page_of_the_host_is_no_TDR() =>
        Expect(TdxStatus.PageMetadataIncorrect.With(OperandId.Rcx), "TDH.MNG.KEY.CONFIG", rcx: Target.Page());
}
