using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// TDH.MNG.INIT: every rule of TD_PARAMS, and which beats which. TDX Module 1.5 ABI, "TDH.MNG.INIT Leaf".
/// </summary>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public class MngInitRows(string target)
{
    private static readonly TdxStatus InvalidRdx = TdxStatus.OperandInvalid.With(OperandId.Rdx);

    // Spoils one field; what it was before does not matter because every field has a valid default.
    private static LeafFailure Param(string name, int offset, ulong value, TdxStatus status) => new(
        name, $"0x{offset:X}", s => s.Target.WriteHost(s.Rdx + (ulong)offset, BitConverter.GetBytes(value)),
            status) { LeavesMark = true };

    private static LeafFailure Byte(string name, int offset, byte value, TdxStatus status) => new(
        name, $"0x{offset:X}", s => s.Target.WriteHost(s.Rdx + (ulong)offset, [value]),
            status) { LeavesMark = true };

    private static TdxStatus Invalid(OperandId operand) => TdxStatus.OperandInvalid.With(operand);

    [Test]
    public void TDH_MNG_INIT_checks_in_the_order_of_the_ABI() => LeafOrder.Check(
        "TDH.MNG.INIT",
        Make,
        [
            new("CPUID limited", "misc", s => s.Target.TrySetMsr(0, 0x1A0, 1 << 22), TdxStatus.LimitCpuidMaxvalSet),
            .. CommonFailures.Tdr(OperandId.Rcx, (s, v) => s.Rcx = v),
            CommonFailures.Fatal,
            CommonFailures.Lifecycle(Lifecycle.HkidAssigned, TdxStatus.TdKeysNotConfigured),
            CommonFailures.TdcsIncomplete,
            CommonFailures.OpStateIs(OpState.Initialized),
            new("TD_PARAMS misaligned", "rdx", s => s.Rdx += 0x200, InvalidRdx),
            new("TD_PARAMS with a private KeyID", "rdx", s => s.Rdx |= 40UL << 46, InvalidRdx),
            new("TD_PARAMS in the SEAM range", "rdx", s => s.Rdx = s.Data.SysInfo.Value, InvalidRdx),
            Param("unknown attribute", TdParams.Attributes, 2, Invalid(OperandId.Attributes)),
            Param("migratable debug TD", TdParams.Attributes, 1 | 1 << 29, Invalid(OperandId.Attributes)),
            Param("XFAM without SSE", TdParams.Xfam, 1, Invalid(OperandId.Xfam)),
            Param("half of AVX-512", TdParams.Xfam, 0x27, Invalid(OperandId.Xfam)),
            Param("AVX-512 without AVX", TdParams.Xfam, 0xE3, Invalid(OperandId.Xfam)),
            Param("half of CET", TdParams.Xfam, 0x803, Invalid(OperandId.Xfam)),
            Param("half of AMX", TdParams.Xfam, 0x2_0003, Invalid(OperandId.Xfam)),
            Byte("no virtual CPUs", TdParams.MaxVcpus, 0, Invalid(OperandId.MaxVcpus)),
            Byte("four L2 VMs", TdParams.NumL2Vms, 4, Invalid(OperandId.NumL2Vms)),
            Byte("no page for the L2 VM", TdParams.NumL2Vms, 1, TdxStatus.TdcsNotAllocated),
            Byte("reserved 0x14", TdParams.Reserved0, 1, InvalidRdx),
            Param("unknown config flag", TdParams.ConfigFlags, 8, Invalid(OperandId.ExecControls)),
            Param("uncached SEPT", TdParams.EptpControls, 3 << 3, Invalid(OperandId.EptpControls)),
            Param("three levels", TdParams.EptpControls, 6 | 2 << 3, Invalid(OperandId.EptpControls)),
            Param("accessed and dirty flags", TdParams.EptpControls, 6 | 3 << 3 | 1 << 6,
                Invalid(OperandId.EptpControls)),
            Byte("TSC too slow", TdParams.TscFrequency, 3, Invalid(OperandId.TscFrequency)),
            new("TSC adjusted", "adjust", s => s.Target.TrySetMsr(0, 0x3B, 1),
                TdxStatus.InconsistentMsr.With(0x3Bu)) { LeavesMark = true },
            Byte("reserved 0x2A", TdParams.Reserved1, 1, InvalidRdx),
            Byte("unknown MSR configuration", TdParams.MsrConfigCtls, 2, InvalidRdx),
            Byte("reserved 0xE8", TdParams.Reserved2, 1, InvalidRdx),
            Param("CPUID bit that is not configurable", TdParams.CpuidConfig + 8, 1, Invalid(OperandId.CpuidConfig)),
            Byte("reserved 0x1C0", TdParams.Reserved3, 1, InvalidRdx),
            Param("ARCH_CAPABILITIES unasked", TdParams.ArchCapabilitiesConfig, 1 << 4,
                Invalid(OperandId.Ia32ArchCapabilitiesConfig)),
        ]);

    [TestCase(3, 0, true, TestName = "{m}(four levels, 48 bits)")]
    [TestCase(4, 0, true, TestName = "{m}(five levels, 48 bits)")]
    [TestCase(4, 1, true, TestName = "{m}(five levels, 52 bits)")]
    [TestCase(3, 1, false, TestName = "{m}(four levels, 52 bits)")]
    public void GPAW_52_needs_five_levels(int levels, int gpaw, bool accepted)
    {
        using LeafScene scene = Make();
        Set(scene, TdParams.EptpControls, 6UL | (ulong)levels << 3);
        Set(scene, TdParams.ConfigFlags, (ulong)gpaw);
        TdxStatus expected = accepted ? TdxStatus.Success : Invalid(OperandId.EptpControls);
        Assert.That(scene.Call("TDH.MNG.INIT").Status, Is.EqualTo(expected));
    }

    [Test]
    public void Five_levels_need_a_processor_that_walks_them()
    {
        using LeafScene scene = Make();
        uint slot = (uint)ModuleTables.Load(ModuleVersion.Default).SampledMsrs.SlotOf(0x48C);
        scene.Data.SetMsrSample((int)slot, scene.Data.MsrSample((int)slot) & ~(1UL << 7));
        Set(scene, TdParams.EptpControls, 6UL | 4 << 3);
        Assert.That(scene.Call("TDH.MNG.INIT").Status, Is.EqualTo(Invalid(OperandId.EptpControls)));
    }

    [Test]
    public void A_refused_CPUID_bit_names_its_leaf_and_subleaf()
    {
        using LeafScene scene = Make();
        Set(scene, TdParams.CpuidConfig + 5 * 16, 1);
        SeamcallResult result = scene.Call("TDH.MNG.INIT");
        Assert.That((result.Status, result.Rcx), Is.EqualTo((Invalid(OperandId.CpuidConfig), 7UL)));
    }

    [Test]
    public void HLE_without_RTM_is_refused_without_a_leaf()
    {
        using LeafScene scene = Make();
        Set(scene, TdParams.CpuidConfig + 5 * 16 + 4, 1 << 4);
        SeamcallResult result = scene.Call("TDH.MNG.INIT");
        Assert.That((result.Status, result.Rcx), Is.EqualTo((Invalid(OperandId.CpuidConfig), 0UL)));
    }

    private static void Set(LeafScene scene, int offset, ulong value) =>
        scene.Target.WriteHost(scene.Rdx + (ulong)offset, BitConverter.GetBytes(value));

    private LeafScene Make()
    {
        LeafScene scene = new(target, TdStage.TdcsAllocated);
        SeamcallOperands operands = scene.Td.InitOperands();
        (scene.Rcx, scene.Rdx) = (operands.Rcx, operands.Rdx);
        return scene;
    }
}
