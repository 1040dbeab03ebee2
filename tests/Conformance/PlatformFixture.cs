using Seamsim.Firmware.Abi;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// Base of conformance fixtures: a fresh READY platform per test, TDs in any stage, SEAMCALLs by name, status asserts.
/// </summary>
[Category("Conformance")]
public abstract class PlatformFixture
{
    /// <summary>The platform; <see cref="ModulePlatform.Machine"/> lets a test look behind the ABI.</summary>
    internal ModulePlatform Platform { get; private set; } = null!;

    /// <summary>The platform as any module offers it.</summary>
    internal IConformanceTarget Target => Platform;

    [SetUp]
    public void CreatePlatform() => Platform = ModulePlatform.Ready();

    [TearDown]
    public void DisposePlatform() => Platform.Dispose();

    /// <summary>A TD at a stage.</summary>
    internal TestTd Td(TdStage stage, int hkidIndex = 0) => TestTd.At(Platform, stage, hkidIndex);

    /// <summary>Calls a leaf by the ABI's name.</summary>
    internal SeamcallResult Seamcall(
        string leaf, ulong rcx = 0, ulong rdx = 0, ulong r8 = 0, ulong r9 = 0, int version = 0, int lp = 0)
    {
        LeafInfo info = LeafCatalog.Find(leaf) ?? throw new ArgumentException($"no leaf {leaf}", nameof(leaf));
        return Target.Call((uint)info.Number | (ulong)version << 16, new(rcx, rdx, r8, r9), lp);
    }

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
