using System.Buffers.Binary;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.State;

// Managed SEAM software: entries, and the locks whose release waits for the end time of the leaf (D5, D8).
public sealed unsafe partial class Core
{
    private readonly List<(ulong Cycles, LockRelease Release)> pendingReleases = [];
    private SeamPlatform? seamPlatform;

    /// <summary>Lock releases that take effect when global time reaches their stamp, oldest first.</summary>
    public IReadOnlyList<(ulong Cycles, LockRelease Release)> PendingLockReleases => pendingReleases;

    /// <summary>Whether C# stands for the instructions that run: what it does is charged by operations alone.</summary>
    internal bool InManagedCode { get; private set; }

    /// <summary>The processor as managed SEAM software sees it.</summary>
    public ISeamPlatform SeamPlatform => seamPlatform ??= new SeamPlatform(this);

    /// <summary>Applies the releases stamped <paramref name="upTo"/> or earlier.</summary>
    public void ApplyLockReleases(ulong upTo)
    {
        int due = 0;
        for (; due < pendingReleases.Count && pendingReleases[due].Cycles <= upTo; due++)
            Apply(pendingReleases[due].Release);
        pendingReleases.RemoveRange(0, due);
    }

    /// <summary>Runs the image at an entry that instruction fetch has reached, and does what it ends with.</summary>
    internal Outcome RunManaged(ManagedEntry entry)
    {
        if (entry.Image is null || !InSeamRoot)
            return ShutDown();
        ApplyLockReleases(ulong.MaxValue);
        var platform = (SeamPlatform)SeamPlatform;
        platform.Begin();
        InManagedCode = true;
        SeamEnd end = entry.Kind == ManagedEntryKind.Seamcall
            ? entry.Image.OnSeamcall(platform)
            : entry.Image.OnTdExit(platform);
        InManagedCode = false;
        foreach (LockRelease release in platform.Releases)
            pendingReleases.Add((Lp->Cycles, release));
        if (platform.MachineCheck)
            return ShutDown();
        return end switch
        {
            SeamEnd.SeamRet => Seamret() is Outcome.Jumped ? Outcome.Jumped : ShutDown(),
            SeamEnd.Entered when platform.EntryOutcome is { } outcome => outcome,
            _ => ShutDown(),
        };
    }

    /// <summary>An unbreakable shutdown: nothing SEAM software could handle is left.</summary>
    private Outcome ShutDown()
    {
        Lp->Activity = ActivityState.Shutdown;
        return Outcome.Shutdown;
    }

    private void Apply(in LockRelease release)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        Span<byte> word = bytes[..release.Bytes];
        Memory.Read(release.Word, word, inSeam: true);
        ulong old = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ulong value = release.Kind switch
        {
            LockReleaseKind.Subtract => old - release.Value,
            LockReleaseKind.ClearBits => old & ~release.Value,
            _ => release.Value,
        };
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Memory.Write(release.Word, word, inSeam: true);
    }
}
