using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Base of conformance fixtures: a fresh READY platform per test, TDs in any stage, SEAMCALLs by name, status asserts.
/// Every fixture runs once on each of <see cref="ConformanceTargets"/>.
/// </summary>
/// <param name="target">Name of the target.</param>
[Category("Conformance")]
[TestFixtureSource(typeof(ConformanceTargets), nameof(ConformanceTargets.Names))]
public abstract class PlatformFixture(string target)
{
    /// <summary>The platform as any module offers it.</summary>
    internal IConformanceTarget Target { get; private set; } = null!;

    [SetUp]
    public void CreatePlatform() => Target = ConformanceTargets.Ready(target);

    [TearDown]
    public void DisposePlatform() => Target.Dispose();

    /// <summary>A TD at a stage.</summary>
    internal TestTd Td(TdStage stage, int hkidIndex = 0) => TestTd.At(Target, stage, hkidIndex);

    /// <summary>Calls a leaf by the ABI's name.</summary>
    internal SeamcallResult Seamcall(
        string leaf, ulong rcx = 0, ulong rdx = 0, ulong r8 = 0, ulong r9 = 0, int version = 0, int lp = 0) =>
        Target.Seamcall(leaf, new(rcx, rdx, r8, r9), version, lp);

    /// <summary>Calls a leaf and compares its whole status.</summary>
    internal SeamcallResult Expect(
        TdxStatus status, string leaf, ulong rcx = 0, ulong rdx = 0, ulong r8 = 0, ulong r9 = 0, int version = 0,
            int lp = 0)
    {
        SeamcallResult result = Seamcall(leaf, rcx, rdx, r8, r9, version, lp);
        Assert.That(result.Status, Is.EqualTo(status), leaf);
        return result;
    }
}
