using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Isa.Seam;
using Seamsim.Isa.State;

namespace Seamsim.Oracle;

/// <summary>
/// The MSRs that tell a TD what it has. IA32_ARCH_CAPABILITIES is read from the TD; the others are what the module's
/// MSR table makes of the processor's value when the TD executes RDMSR. TDX Module 1.5 Base, "MSR Handling".
/// </summary>
internal sealed class MsrReading(Machine machine, OracleTd td, CpuidAnswer answer)
{
    private const string ArchCapabilitiesField = "VIRTUAL_IA32_ARCH_CAPABILITIES";
    private const uint XapicDisableStatus = 0xBD, MiscEnable = 0x1A0, PerfCapabilities = 0x345;

    private bool Perfmon => (answer.Question.Attributes & TdAttributes.Perfmon) != 0;

    private TdFeatures Features =>
        (Perfmon ? TdFeatures.Perfmon : 0) | ((answer.Question.Xfam & XfamBits.Pt) != 0 ? TdFeatures.Pt : 0);

    /// <summary>Reads them while the TD exists.</summary>
    public async HostTask<IReadOnlyList<MsrAnswer>> Read(ICpu cpu) =>
    [
        await ReadArchCapabilities(cpu),
        Virtual(MiscEnable, await cpu.Rdmsr(MiscEnable) ?? 0),
        Virtual(PerfCapabilities, await cpu.Rdmsr(PerfCapabilities) ?? 0),
        Virtual(XapicDisableStatus, await cpu.Rdmsr(XapicDisableStatus) ?? 0),
    ];

    private async HostTask<MsrAnswer> ReadArchCapabilities(ICpu cpu)
    {
        ulong native = await cpu.Rdmsr(ArchCapabilities.Msr) ?? 0;
        FieldId field = answer.Tables.TdMetadata.Fields.First(f => f.Name == ArchCapabilitiesField).Id;
        bool debug = (answer.Question.Attributes & TdAttributes.Debug) != 0;
        ulong seen = debug ? await td.Read(cpu, field) ?? 0 : ThroughKey();
        return new MsrAnswer(
            ArchCapabilities.Msr, "IA32_ARCH_CAPABILITIES", native, answer.Question.ArchCapabilities, seen,
            debug ? MsrEvidence.MetadataRead : MsrEvidence.TdcsThroughKey, "bit by bit");
    }

    // The host may not read the field of a TD that is not a DEBUG TD. Looking costs the machine nothing.
    private unsafe ulong ThroughKey()
    {
        Core core = machine.Cores[0];
        ulong clock = core.Lp->Cycles;
        Isa.Ports.IOperationLedger? ledger = core.Ledger;
        Isa.Ports.ICacheTiming? caches = core.Caches;
        (core.Ledger, core.Caches) = (null, null);
        ISeamPlatform p = core.SeamPlatform;
        Tdcs tdcs = new(p, new Tdr(p, p.Keys.WithKey(td.Tdr, machine.Kernel.Tdx.KeyIds!.Global)));
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        MetadataField field = answer.Tables.TdMetadata.Fields.First(f => f.Name == ArchCapabilitiesField);
        core.Memory.Read(tdcs.Field(field.Offset), value, inSeam: true);
        (core.Ledger, core.Caches) = (ledger, caches);
        core.Lp->Cycles = clock;
        return BitConverter.ToUInt64(value);
    }

    private MsrAnswer Virtual(uint msr, ulong native)
    {
        MsrRow row = machine.Parts.Definition.Rules.Msrs.Find(msr)!.Value;
        MsrAnswer Is(ulong seen, string why) => new(msr, row.Name, native, null, seen, MsrEvidence.Rule, why);
        if (!MsrTable.Exits(row.ReadRule, Features))
            return Is(native, "native: RDMSR does not exit" + (Perfmon ? ", because ATTRIBUTES.PERFMON is 1" : ""));
        return row.ReadAction switch
        {
            MsrAction.MiscEnable => Is(VirtualMsrs.MiscEnable(native),
                "native with bit 7 (performance monitoring) 0 and bit 12 (PEBS unavailable) 1, because "
                + "ATTRIBUTES.PERFMON is 0"),
            MsrAction.PerfCapabilities when !Perfmon => Is(0, "0, because ATTRIBUTES.PERFMON is 0"),
            MsrAction.PerfCapabilities => Is(VirtualMsrs.PerfCapabilities(native, true),
                "native with bit 16 (PEBS output to PT) 0, because XFAM bit 8 (PT) is 0"),
            _ => Is(1, "fixed 1 by the module: the legacy xAPIC is off"),
        };
    }
}
