using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Host.Kvm;
using Seamsim.Isa;

namespace Seamsim.Oracle;

/// <summary>
/// Which CPUID a TD will see: asked of the module itself. A TD is created on the machine with raw SEAMCALLs, read with
/// TDH.MNG.RD and torn down, so that the same machine can be asked again.
/// </summary>
internal sealed class CpuidOracle
{
    private const ulong TscUnit = 25_000_000;
    private const uint ExtendedBase = 0x8000_0000, TscLeaf = 0x15;

    private readonly Machine machine;
    private readonly CpuidQuestion question;
    private readonly ModuleTables tables;
    private readonly OracleTd td;

    private CpuidOracle(Machine machine, CpuidQuestion question)
    {
        this.machine = machine;
        this.question = question;
        tables = machine.Tables;
        td = new OracleTd(machine.Kernel);
    }

    /// <summary>Asks the module of a machine that has been brought up.</summary>
    /// <exception cref="TdxUnavailableException">
    /// TDX is not initialised, or a SEAMCALL other than TDH.MNG.INIT failed.
    /// </exception>
    /// <exception cref="MachineStoppedException">The run ended first.</exception>
    public static CpuidAnswer Ask(Machine machine, CpuidQuestion question)
    {
        if (machine.Kernel.Tdx.State != TdxState.Initialized)
            throw new TdxUnavailableException("TDX is not initialised");
        CpuidOracle oracle = new(machine, question);
        CpuidAnswer? answer = machine.Execute(0, oracle.Answer);
        return answer is not null && oracle.td.Problem is null
            ? answer
            : throw new TdxUnavailableException(oracle.td.Problem ?? "every KeyID is in use");
    }

    private async HostTask<CpuidAnswer?> Answer(ICpu cpu)
    {
        CpuidRegisters[] native = await ReadProcessor(cpu);
        CpuidWishes wishes = new(question, tables.Cpuid, native);
        ushort frequency = question.TscFrequency ?? HostFrequency(native);
        CpuidAnswer asked = new(question, machine.Parts.Definition, frequency, Leaves(native, wishes), [], null)
        {
            Unplaced = wishes.Unplaced,
        };
        KeyIdAllocator keys = machine.Kernel.Tdx.KeyIds!;
        if (!keys.TryAllocate(out KeyId keyId))
            return null;
        if (await td.Create(cpu, keyId))
            asked = await Initialize(cpu, asked, TdParameters.Fill(question, frequency, wishes.Slots(tables.Cpuid)));
        await td.Destroy(cpu);
        if (td.Tdr == default)
            keys.Free(keyId);
        return asked;
    }

    private async HostTask<CpuidAnswer> Initialize(ICpu cpu, CpuidAnswer asked, byte[] parameters)
    {
        SeamcallResult result = await td.Initialize(cpu, parameters);
        if (!result.Ok)
            return asked with { Refusal = new CpuidRefusal(result.Status, result.Rcx) };
        CpuidLeafAnswer[] leaves = [.. asked.Leaves];
        for (int i = 0; i < leaves.Length; i++)
            leaves[i] = leaves[i] with { Value = await ReadLeaf(cpu, leaves[i].Entry) };
        CpuidAnswer read = asked with { Leaves = leaves };
        return read with { Msrs = await new MsrReading(machine, td, read).Read(cpu) };
    }

    private async HostTask<CpuidRegisters?> ReadLeaf(ICpu cpu, CpuidEntry entry)
    {
        uint? subleaf = entry.Subleaf == CpuidEntry.NoSubleaf ? null : entry.Subleaf;
        if (TdFields.CpuidValues(entry.Leaf, subleaf, 0) is not { } first
            || TdFields.CpuidValues(entry.Leaf, subleaf, 1) is not { } second
            || await td.Read(cpu, first) is not { } low
            || await td.Read(cpu, second) is not { } high)
            return null;
        return new CpuidRegisters((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
    }

    // What TDH.SYS.INIT found: the processor's answer, zero for leaves above its highest.
    private async HostTask<CpuidRegisters[]> ReadProcessor(ICpu cpu)
    {
        uint maxBasic = (await cpu.Cpuid(0)).Eax, maxExtended = (await cpu.Cpuid(ExtendedBase)).Eax;
        CpuidRegisters[] native = new CpuidRegisters[tables.Cpuid.Entries.Count];
        foreach (CpuidEntry entry in tables.Cpuid.Entries)
        {
            if (entry.Leaf > (entry.Leaf < ExtendedBase ? maxBasic : maxExtended))
                continue;
            CpuidValue v = await cpu.Cpuid(entry.Leaf, entry.Subleaf == CpuidEntry.NoSubleaf ? 0 : entry.Subleaf);
            native[entry.Index] = new CpuidRegisters(v.Eax, v.Ebx, v.Ecx, v.Edx);
        }
        return native;
    }

    private CpuidLeafAnswer[] Leaves(CpuidRegisters[] native, CpuidWishes wishes) =>
    [
        .. tables.Cpuid.Entries.Select(entry => new CpuidLeafAnswer(
            entry, native[entry.Index], wishes.WantedOf(entry), wishes.ChosenOf(entry), null)),
    ];

    private ushort HostFrequency(CpuidRegisters[] native)
    {
        CpuidRegisters tsc = native[tables.Cpuid.Find(TscLeaf, 0)!.Index];
        return (ushort)((ulong)tsc.Ecx * tsc.Ebx / tsc.Eax / TscUnit);
    }
}
