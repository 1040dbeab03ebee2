using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;
using Seamsim.Isa.Vmx;
using Seamsim.Tests.Isa.Vmx;

namespace Seamsim.Tests.Isa.Seam;

/// <summary>Operation modes of the table of SEAM instructions.</summary>
internal enum OperationMode
{
    OutsideVmx, LegacyRoot, LegacyNonRoot, SeamRoot, SeamNonRoot,
}

/// <summary>A processor with a SEAM range, transfer VMCSs and a managed image that does what a test says.</summary>
internal sealed unsafe class SeamRig : IDisposable
{
    public const ulong SeamEntry = 0xFFFF_8000_0020_0000, TdExitEntry = 0xFFFF_8000_0020_1000, TdVmcs = 0x10_0000;
    public const ushort Hkid = 40;

    public SeamRig(OperationMode mode = OperationMode.LegacyRoot)
    {
        Rig = new VmxRig(enterVmx: mode != OperationMode.OutsideVmx);
        Memory.ProgramKey(0, new KeyId(Hkid), secret: 5, integrity: true);
        WriteTransferVmcs(Range.TransferVmcs(0, seamldr: false));
        WriteTransferVmcs(Range.TransferVmcs(1, seamldr: false));
        WriteTransferVmcs(Range.TransferVmcs(0, seamldr: true));
        Ready(seam: true, seamldr: true);
        if (mode == OperationMode.LegacyNonRoot)
            Rig.Enter();
        if (mode is OperationMode.SeamRoot or OperationMode.SeamNonRoot)
            Assert.That(Core.Seamcall(), Is.EqualTo(Outcome.Jumped));
        if (mode == OperationMode.SeamNonRoot)
            EnterTd();
    }

    public VmxRig Rig { get; }

    public Core Core => Rig.Core;

    public SeamRange Range => SeamRange.Of(Core);

    public Seamsim.Isa.Memory.PhysicalMemory Memory => Rig.Platform.Memory;

    public ulong TdVmcsAddress => Memory.Keys.WithKey(new Hpa(TdVmcs), new KeyId(Hkid)).Value;

    public Vmcs Transfer => new(Memory, new Hpa(Range.TransferVmcs(0, seamldr: false)));

    public void Ready(bool seam, bool seamldr) =>
        Core.Uncore.Seam.Load(SeamMeasurement.Encode(new byte[16], new byte[48], new byte[48], 0, seam, seamldr));

    /// <summary>Writes a TD VMCS under the TD's key.</summary>
    public void PrepareTd()
    {
        Memory.FillPage(new Hpa(TdVmcsAddress), 0, inSeam: true);
        Memory.Write(new Hpa(TdVmcsAddress), Core.Capabilities.RevisionId, inSeam: true);
        var v = new Vmcs(Memory, new Hpa(TdVmcsAddress));
        VmxRig.WriteGoodVmcs(v);
        v.MarkLaunched(false);
        v[VmcsField.TdHkid] = Hkid;
        v[VmcsField.HostRip] = TdExitEntry;
        v[VmcsField.ProcBasedControls] |= ProcControls.ActivateTertiaryControls;
    }

    public void EnterTd()
    {
        PrepareTd();
        Assert.That(Core.Vmptrld(TdVmcsAddress), Is.EqualTo(VmxResult.Succeed));
        Assert.That(Core.EnterGuest(launch: true, out _), Is.EqualTo(VmxResult.Succeed));
        Assert.That((Core.InSeam, Core.InNonRoot), Is.EqualTo((true, true)));
    }

    /// <summary>Runs the SEAMCALL entry of an image.</summary>
    public Outcome RunSeamcall(Func<ISeamPlatform, SeamEnd> body) =>
        Core.RunManaged(new ManagedEntry(ManagedEntryKind.Seamcall, new Image(body)));

    /// <summary>Runs the TD-exit entry of an image.</summary>
    public Outcome RunTdExit(Func<ISeamPlatform, SeamEnd> body) =>
        Core.RunManaged(new ManagedEntry(ManagedEntryKind.TdExit, new Image(body)));

    private void WriteTransferVmcs(ulong address)
    {
        Memory.Write(new Hpa(address), Core.Capabilities.RevisionId, inSeam: true);
        var v = new Vmcs(Memory, new Hpa(address));
        VmxRig.WriteGoodVmcs(v);
        v[VmcsField.HostRip] = SeamEntry;
        v[VmcsField.GuestRip] = 1UL << 60;
    }

    public void Dispose() => Rig.Dispose();

    private sealed class Image(Func<ISeamPlatform, SeamEnd> body) : IManagedImage
    {
        public SeamEnd OnSeamcall(ISeamPlatform platform) => body(platform);

        public SeamEnd OnTdExit(ISeamPlatform platform) => body(platform);
    }
}
