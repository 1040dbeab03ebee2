using Seamsim.Firmware.Abi;

namespace Seamsim.Tests.Conformance;

/// <summary>The order in which the module is brought up. TDX Module 1.5 base specification, "Initialization".</summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class SysStateRows(string target)
{
    [Test]
    public void The_module_goes_through_its_states_in_order_only()
    {
        using IConformanceTarget platform = ConformanceTargets.Installed(target);
        List<TdxStatus> statuses =
        [
            platform.Seamcall("TDH.SYS.LP.INIT").Status,
            platform.Seamcall("TDH.MNG.CREATE").Status,
            platform.Seamcall("TDH.SYS.INIT").Status,
            platform.Seamcall("TDH.SYS.INIT").Status,
            platform.Seamcall("TDH.SYS.RD").Status,
            platform.Seamcall("TDH.SYS.LP.INIT").Status,
            platform.Seamcall("TDH.SYS.LP.INIT").Status,
            platform.Seamcall("TDH.SYS.CONFIG").Status,
            platform.Seamcall("TDH.SYS.LP.INIT", lp: 1).Status,
            platform.Seamcall("TDH.SYS.KEY.CONFIG").Status,
            platform.Seamcall("TDH.SYS.TDMR.INIT").Status,
        ];
        statuses.Add(platform.Configure(platform.DefaultTdmr()).Status);
        platform.DoOnPackages("TDH.SYS.KEY.CONFIG");
        statuses.Add(platform.Seamcall("TDH.SYS.SHUTDOWN").Status);
        statuses.Add(platform.Seamcall("TDH.MNG.CREATE").Status);
        statuses.Add(platform.Seamcall("TDH.SYS.LP.SHUTDOWN").Status);

        Assert.That(statuses, Is.EqualTo(new[]
        {
            TdxStatus.SysLpInitNotPending, TdxStatus.SysNotReady, TdxStatus.Success, TdxStatus.SysInitNotPending,
            TdxStatus.SysLpInitNotDone, TdxStatus.Success, TdxStatus.SysLpInitDone, TdxStatus.SysConfigNotPending,
            TdxStatus.Success, TdxStatus.SysKeyConfigNotPending, TdxStatus.SysNotReady, TdxStatus.Success,
            TdxStatus.Success, TdxStatus.SysShutdown, TdxStatus.Success,
        }));
    }
}
