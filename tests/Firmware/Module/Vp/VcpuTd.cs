using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Tests.Firmware;

/// <summary>
/// A <see cref="MemTd"/> with virtual CPUs: its leaves can be called, its virtual CPUs entered, and VM exits of the TD
/// played by writing the exit information into the TD VMCS.
/// </summary>
internal sealed class VcpuTd : IDisposable
{
    /// <summary>Where the first virtual CPU lies: the first page a <see cref="MemTd"/> gives away.</summary>
    public const ulong FirstTdvpr = MemTd.TdmrBase + 16 * 4096;

    private readonly TdxModule module = new(ModuleVersion.Default);

    public VcpuTd(
        int pages = Tdvps.BasePages, bool initialised = true, ulong attributes = 0, bool gpaw = false, int l2Vms = 0)
    {
        Td = new MemTd(topLevel: gpaw ? 4 : 3, gpaw: gpaw, l2Vms: l2Vms);
        Tdcs tdcs = Td.Tdcs;
        (tdcs.MaxVcpus, tdcs.Xfam, tdcs.Attributes) = (4, 3, attributes);
        (tdcs.HpLockTimeout, tdcs.TscMultiplier) = (1_000_000, 1UL << 48);
        for (int lp = 0; lp < 2; lp++)
            new ModuleDataOf(Td.Machine.Lps[lp]).MakeLpReady((uint)lp);
        AllowCpuidWrites();
        Tdvpr = Td.FreePage();
        Build(Tdvpr, pages, initialised);
    }

    public MemTd Td { get; }

    public BareLp Lp => Td.Lp;

    public Tdcs Tdcs => Td.Tdcs;

    public ulong Tdvpr { get; }

    public Tdvps Tdvps => new(Lp, Td.Tdr.Private(new Hpa(Tdvpr)));

    public VpContext Context => new(Lp, ModuleData.Of(Lp).Lp);

    public VeInfo VeInfo => new(Lp, Tdvps);

    /// <summary>The TD VMCS.</summary>
    public BareVmcs Vmcs => Td.Machine.Vmcss[Tdvps.Page(Tdvps.VmcsPage).Value];

    public void Dispose() => Td.Dispose();

    /// <summary>Adds the pages of a virtual CPU and, if wanted, initialises it.</summary>
    public void Build(ulong tdvpr, int pages, bool initialise)
    {
        Expect(10, tdvpr, MemTd.TdrPage);
        for (int i = 1; i < pages; i++)
            Expect(4, Td.FreePage(), tdvpr);
        if (initialise)
            Expect(22, tdvpr, 0x1234);
    }

    /// <summary>A host leaf that must succeed.</summary>
    public void Expect(int leaf, ulong rcx, ulong rdx) =>
        Assert.That(Call(leaf, rcx, rdx), Is.EqualTo(TdxStatus.Success), $"leaf {leaf}");

    /// <summary>A host leaf that returns.</summary>
    public TdxStatus Call(int leaf, ulong rcx, ulong rdx = 0, BareLp? lp = null)
    {
        lp ??= Lp;
        (lp.Gpr(0), lp.Gpr(1), lp.Gpr(2)) = ((ulong)leaf, rcx, rdx);
        SeamEnd end = module.OnSeamcall(lp);
        lp.EndEntry();
        Assert.That(end, Is.EqualTo(SeamEnd.SeamRet), $"leaf {leaf}");
        return new TdxStatus(lp.Gpr(0));
    }

    /// <summary>TDH.VP.ENTER; RAX when it returned without entering, null when the TD runs.</summary>
    public TdxStatus? Enter(ulong flags = 0, BareLp? lp = null, ulong? tdvpr = null)
    {
        lp ??= Lp;
        (lp.Gpr(0), lp.Gpr(1)) = (0, (tdvpr ?? Tdvpr) | flags);
        SeamEnd end = module.OnSeamcall(lp);
        lp.EndEntry();
        Assert.That(end, Is.Not.EqualTo(SeamEnd.Shutdown));
        return end == SeamEnd.Entered ? null : new TdxStatus(lp.Gpr(0));
    }

    /// <summary>Enters and fails the test when the TD does not run.</summary>
    public void Run(ulong flags = 0) => Assert.That(Enter(flags), Is.Null, "the TD runs");

    /// <summary>The TD exits now; the other information fields are what the test wrote before.</summary>
    public SeamEnd Exit(ExitReason reason, ulong qualification = 0, uint interruption = 0, uint length = 0) =>
        ExitRaw((uint)reason, qualification, interruption, length);

    /// <summary>As <see cref="Exit"/>, with all bits of the exit reason.</summary>
    public SeamEnd ExitRaw(uint reason, ulong qualification = 0, uint interruption = 0, uint length = 0)
    {
        BareVmcs v = Vmcs;
        v.Fields[VmcsField.ExitReason] = reason;
        v.Fields[VmcsField.ExitQualification] = qualification;
        v.Fields[VmcsField.ExitInterruptionInformation] = interruption;
        v.Fields[VmcsField.ExitInstructionLength] = length;
        v.Fields[VmcsField.EntryInterruptionInformation] = 0;
        Lp.Vmptrld(Tdvps.Page(Tdvps.VmcsPage));
        SeamEnd end = module.OnTdExit(Lp);
        Lp.EndEntry();
        return end;
    }

    /// <summary>TDCALL from 64-bit code.</summary>
    public SeamEnd Tdcall(ulong leaf, ulong rcx = 0, ulong rdx = 0, ulong r8 = 0)
    {
        In64BitMode();
        (Lp.Gpr(0), Lp.Gpr(1), Lp.Gpr(2), Lp.Gpr(8)) = (leaf, rcx, rdx, r8);
        return Exit(ExitReason.Tdcall, length: 4);
    }

    /// <summary>The TD has reached 64-bit mode.</summary>
    public void In64BitMode()
    {
        Vmcs.Fields[VmcsField.GuestEfer] = 0xD01;
        Vmcs.Fields[VmcsField.GuestCsAccessRights] = 0xA09B;
    }

    /// <summary>Moves the clock on, so that the next exit is no suspicion of single-stepping.</summary>
    public void Wait() => Td.Machine.Tsc += 1_000_000;

    /// <summary>A field of the TD VMCS.</summary>
    public ulong this[VmcsField field]
    {
        get => Vmcs.Fields.GetValueOrDefault(field);
        set => Vmcs.Fields[field] = value;
    }

    // MNG.INIT is not part of this fixture: CPUID values and the flags derived from them are what a test sets.
    private void AllowCpuidWrites()
    {
        Tdcs tdcs = Tdcs;
        foreach (CpuidEntry entry in Td.Tables.Cpuid.Entries)
            tdcs.SetCpuidValues(entry.Index, new((uint)entry.Index + 0x100, 0x200, 0x300, 0x400));
        ModuleData data = ModuleData.Of(Lp);
        data.NativeMaxExtendedLeaf = 0x80000008;
        data.NativeTscFrequency = 2_000_000_000;
        data.SetCpuid(Td.Tables.Cpuid.Find(1, 0)!.Index, new(0x806F8, 0, 0, 0));
    }

    private readonly struct ModuleDataOf(BareLp lp)
    {
        public void MakeLpReady(uint id)
        {
            LpData data = ModuleData.Of(lp).Lp;
            (data.Initialized, data.Id, data.Lfsr) = (true, id, 0xACE1 + id);
        }
    }
}
