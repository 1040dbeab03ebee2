using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// A platform, a TD and the operands of a leaf that would succeed; conditions spoil one thing at a time.
/// </summary>
internal sealed class LeafScene : IDisposable
{
    public LeafScene(string target, TdStage? stage = null)
    {
        Target = ConformanceTargets.Ready(target);
        Td = new TestTd(Target);
        if (stage is { } wanted)
            Td.BringTo(wanted);
    }

    public IConformanceTarget Target { get; }

    /// <summary>The processor of the test double, whose parts can be made to fail; null elsewhere.</summary>
    public BareLp? Bare => (Target as ModulePlatform)?.Machine.Lps[0];

    public TestTd Td { get; }

    public ulong Rcx { get; set; }

    public ulong Rdx { get; set; }

    public ulong R8 { get; set; }

    public ulong R9 { get; set; }

    public ulong R10 { get; set; }

    public int Version { get; set; }

    /// <summary>A second TD, for leaves that work on two.</summary>
    public TestTd? Other { get; set; }

    public ISeamPlatform Lp => Target.View(0);

    public SeamcallResult Call(string leaf) => Target.Seamcall(leaf, new(Rcx, Rdx, R8, R9, R10), Version);

    /// <summary>The PAMT entry of a 4-KiB page.</summary>
    public PamtWord Pamt(ulong page)
    {
        PamtIndex.TryFind(new LeafCall(Lp, Rules.Default), new Hpa(page),
            out PamtIndex index);
        return index.At(PageLevel.Page4K);
    }

    /// <summary>The module's data.</summary>
    public ModuleData Data => ModuleData.Of(Lp);

    /// <summary>Bytes a failed leaf must not change: module data, the TD's pages, the PAMT around them.</summary>
    public byte[] Snapshot()
    {
        using MemoryStream bytes = new();
        Append(bytes, Data.Global.Value, ModuleData.Bytes);
        if (Td.TdcxPages.Count > 0 || Pamt(Td.TdrPage).Type == PageType.Tdr)
            Append(bytes, Td.Tdr.Page.Value, 4096);
        for (int i = 0; i < Td.TdcxPages.Count; i++)
            Append(bytes, Td.Tdr.TdcxPa(i).Value, 4096);
        Append(bytes, Pamt(Td.TdrPage).Address.Value & ~0xFFFUL, 4096);
        return bytes.ToArray();
    }

    public void Dispose() => Target.Dispose();

    private void Append(MemoryStream bytes, ulong address, int count)
    {
        byte[] read = new byte[count];
        Lp.ReadBytes(new Hpa(address), read);
        bytes.Write(read);
    }
}

/// <summary>One reason for a leaf to fail.</summary>
/// <param name="Name">In words.</param>
/// <param name="About">What it spoils; two conditions about the same thing cannot hold together.</param>
/// <param name="Arrange">Makes it hold.</param>
/// <param name="Status">What the leaf answers.</param>
internal sealed record LeafFailure(string Name, string About, Action<LeafScene> Arrange, TdxStatus Status)
{
    /// <summary>
    /// Whether the leaf may have left something behind: a trace in a lock word, or what the ABI says stays.
    /// </summary>
    public bool LeavesMark { get; init; } = Status.Is(TdxStatus.OperandBusy) || Status.Is(TdxStatus.SysBusy);

    /// <summary>Only the test double can be brought into this condition.</summary>
    public bool NeedsBare { get; init; }
}

/// <summary>
/// The check order of a leaf as data: without any condition it succeeds; each condition alone gives its status and
/// leaves no mark; of two that hold at once the earlier beats the later.
/// </summary>
internal static class LeafOrder
{
    public static void Check(string leaf, Func<LeafScene> make, params LeafFailure[] inOrder)
    {
        List<string> wrong = [];
        bool pairs;
        using (LeafScene scene = make())
        {
            // Which check comes first is a matter of the module's code alone; the test double shows it faster.
            pairs = scene.Bare is not null;
            inOrder = [.. inOrder.Where(failure => !failure.NeedsBare || scene.Bare is not null)];
            if (scene.Call(leaf).Status is { IsError: true } status)
                wrong.Add($"without any condition: {status}");
        }
        foreach (LeafFailure only in inOrder)
            Try(leaf, make, wrong, only, null);
        for (int first = 0; pairs && first < inOrder.Length; first++)
        {
            // The next condition about something else is the one whose order matters most.
            LeafFailure? later = inOrder.Skip(first + 1).FirstOrDefault(f => f.About != inOrder[first].About);
            if (later is not null)
                Try(leaf, make, wrong, inOrder[first], later);
            if (inOrder[^1] != later && inOrder[^1].About != inOrder[first].About)
                Try(leaf, make, wrong, inOrder[first], inOrder[^1]);
        }
        Assert.That(wrong, Is.Empty);
    }

    private static void Try(string leaf, Func<LeafScene> make, List<string> wrong, LeafFailure winner,
        LeafFailure? loser)
    {
        using LeafScene scene = make();
        loser?.Arrange(scene);
        winner.Arrange(scene);
        byte[] before = scene.Snapshot();
        string name = loser is null ? winner.Name : $"{winner.Name} beats {loser.Name}";
        TdxStatus status = scene.Call(leaf).Status;
        if (status != winner.Status)
            wrong.Add($"{name}: {status}, not {winner.Status}");
        else if (!winner.LeavesMark && !scene.Snapshot().AsSpan().SequenceEqual(before))
            wrong.Add($"{name}: left a mark");
    }
}
