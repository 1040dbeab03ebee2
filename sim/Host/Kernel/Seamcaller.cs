using Seamsim.Firmware.Abi;

namespace Seamsim.Host.Kernel;

/// <summary>What one leaf did so far.</summary>
public sealed class LeafUse
{
    /// <summary>Calls, repetitions included.</summary>
    public int Calls { get; internal set; }

    /// <summary>Calls that ended with a nonzero status (VP.ENTER: with the error bit).</summary>
    public int Failures { get; internal set; }

    /// <summary>Core cycles between the instruction and its return.</summary>
    public ulong Cycles { get; internal set; }

    /// <summary>Instructions retired between the instruction and its return.</summary>
    public ulong Instructions { get; internal set; }
}

/// <summary>
/// The kernel's way into SEAM: puts arguments into registers, runs the SEAMCALL stub, reads registers (D6). Entropy
/// shortages are repeated ten times, as the kernel repeats RDRAND.
/// </summary>
public sealed class Seamcaller
{
    /// <summary>Attempts while the module answers TDX_RND_NO_ENTROPY. Linux RDRAND_RETRY_LOOPS.</summary>
    public const int EntropyAttempts = 10;

    private const ulong CarryFlag = 1;
    private const int VersionShift = 16;
    private readonly SortedDictionary<SeamcallLeaf, LeafUse> uses = [];

    /// <summary>Forced failures; null when the module decides everything.</summary>
    public IStatusInjector? Injector { get; set; }

    /// <summary>Calls per leaf, by leaf number.</summary>
    public IReadOnlyDictionary<SeamcallLeaf, LeafUse> Uses => uses;

    /// <summary>Called after every SEAMCALL, for stories and tests.</summary>
    public Action<ICpu, SeamcallLeaf, SeamcallArguments, SeamcallResult>? Observer { get; set; }

    /// <summary>A SEAMCALL with the entropy repetition.</summary>
    public async HostTask<SeamcallResult> Call(
        ICpu cpu, SeamcallLeaf leaf, SeamcallArguments arguments, int version = 0)
    {
        SeamcallResult result = default;
        for (int attempt = 0; attempt < EntropyAttempts; attempt++)
        {
            result = await Once(cpu, leaf, arguments, version);
            if (!result.Status.Is(TdxStatus.RndNoEntropy))
                break;
        }
        return result;
    }

    /// <summary>A single SEAMCALL, whatever it answers: what VP.ENTER uses.</summary>
    public async HostTask<SeamcallResult> Once(
        ICpu cpu, SeamcallLeaf leaf, SeamcallArguments arguments, int version = 0)
    {
        if (!uses.TryGetValue(leaf, out LeafUse? use))
            uses.Add(leaf, use = new LeafUse());
        use.Calls++;
        if (Injector is not null && Injector.TryInject(leaf, use.Calls, out TdxStatus forced))
            return Note(cpu, leaf, arguments, use, new SeamcallResult(forced, arguments));

        ulong cycles = cpu.Cycles, instructions = cpu.Instructions;
        cpu.Charge("seamcall.wrapper");
        Load(cpu, (ulong)leaf | (ulong)version << VersionShift, arguments);
        await cpu.Execute(Stub.Seamcall);
        SeamcallResult result = Read(cpu);
        use.Cycles += cpu.Cycles - cycles;
        use.Instructions += cpu.Instructions - instructions;
        return Note(cpu, leaf, arguments, use, result);
    }

    private SeamcallResult Note(
        ICpu cpu, SeamcallLeaf leaf, SeamcallArguments arguments, LeafUse use, SeamcallResult result)
    {
        if (leaf == SeamcallLeaf.TDH_VP_ENTER ? result.Status.IsError : result.Status.Value != 0)
            use.Failures++;
        Observer?.Invoke(cpu, leaf, arguments, result);
        return result;
    }

    private static void Load(ICpu cpu, ulong rax, in SeamcallArguments a)
    {
        ReadOnlySpan<ulong> values =
            [rax, a.Rcx, a.Rdx, a.Rbx, 0, a.Rbp, a.Rsi, a.Rdi, a.R8, a.R9, a.R10, a.R11, a.R12, a.R13, a.R14, a.R15];
        for (int register = 0; register < values.Length; register++)
            if (register != 4)
                cpu.Gpr(register) = values[register];
    }

    private static SeamcallResult Read(ICpu cpu)
    {
        SeamcallArguments registers = new()
        {
            Rcx = cpu.Gpr(1), Rdx = cpu.Gpr(2), Rbx = cpu.Gpr(3), Rbp = cpu.Gpr(5), Rsi = cpu.Gpr(6),
            Rdi = cpu.Gpr(7), R8 = cpu.Gpr(8), R9 = cpu.Gpr(9), R10 = cpu.Gpr(10), R11 = cpu.Gpr(11),
            R12 = cpu.Gpr(12), R13 = cpu.Gpr(13), R14 = cpu.Gpr(14), R15 = cpu.Gpr(15),
        };
        if (cpu.StubException >= 0)
            return new SeamcallResult(SoftwareStatus.Exception(cpu.StubException), registers);
        return (cpu.Rflags & CarryFlag) != 0
            ? new SeamcallResult(SoftwareStatus.VmFailInvalid, registers)
            : new SeamcallResult(new TdxStatus(cpu.Gpr(0)), registers);
    }
}
