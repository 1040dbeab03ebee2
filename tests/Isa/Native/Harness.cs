using Iced.Intel;
using Seamsim.Isa;
using Seamsim.Tests.Isa.Forms;

namespace Seamsim.Tests.Isa.Native;

/// <summary>What became of one form.</summary>
internal sealed class FormResult(Code code)
{
    public Code Code => code;

    /// <summary>Sets both processors executed, and sets both refused with the same exception.</summary>
    public int Compared, Refused;

    /// <summary>Sets the interpreter answered with #UD and the host did not.</summary>
    public int Missing;

    /// <summary>Sets left out: an address outside the window, a branch that leaves the code pages.</summary>
    public int LeftOut;

    /// <summary>Disagreements, with everything needed to see them again.</summary>
    public List<string> Differences { get; } = [];
}

/// <summary>Runs forms on both processors from the same states.</summary>
internal sealed unsafe class Harness
{
    private const int Tries = 40, Reported = 3;

    private readonly HostProcessor host;
    private readonly SimulatedProcessor simulated;
    private readonly OperandValues values;
    private readonly StateGenerator states;
    private readonly Arrangement arrangement;
    private readonly AddressRule addresses = new();
    private readonly byte[] window = new byte[HostArena.WindowBytes], ours = new byte[HostArena.WindowBytes];

    public Harness(HostProcessor host, SimulatedProcessor simulated, int seed)
    {
        (this.host, this.simulated) = (host, simulated);
        values = new OperandValues(new OperandRandom((ulong)seed));
        (states, arrangement) = (new StateGenerator(values), new Arrangement(values));
    }

    /// <summary>Runs <paramref name="sets"/> operand sets of a form.</summary>
    public FormResult Run(Code code, int sets)
    {
        FormResult result = new(code);
        for (int set = 0; set < sets; set++)
            if (!TryOne(code, result))
                result.LeftOut++;
        return result;
    }

    private bool TryOne(Code code, FormResult result)
    {
        OpCodeInfo form = code.ToOpCode();
        for (int tries = 0; tries < Tries; tries++)
        {
            ProcessorState before = default;
            states.Fill(ref before, window);
            host.Trim(ref before);
            WindowPlacer placer = new(values, &before) { Vectors = form.Encoding == EncodingKind.EVEX ? 32 : 16 };
            FormOperands operands = new(values.Random, placer);
            if (!operands.TryCreate(form, 64, host.HasAvx512, out Instruction instruction)
                || !TryEncode(ref instruction, out byte[] bytes))
                continue;
            arrangement.Apply(instruction, ref before, window);
            if (!addresses.IsInside(instruction, before))
                continue;
            Try(instruction, bytes, before, result);
            return true;
        }
        return false;
    }

    private void Try(in Instruction instruction, byte[] bytes, in ProcessorState before, FormResult result)
    {
        ProcessorState simulation = before, real = before;
        window.CopyTo(ours, 0);
        bool ran = simulated.Run(bytes, ref simulation, ours, out Vector vector);
        if (!MayRun(instruction, ran, bytes.Length, simulation, out ulong branch))
        {
            result.LeftOut++;
            return;
        }
        window.CopyTo(host.Window);
        bool really = host.Run(bytes, ref real, branch, out int signal);
        if (Undefined.Alignment(instruction, !ran && vector == Vector.GP, really))
            return;
        if (!ran && vector == Vector.UD && signal != HostSignals.Sigill)
        {
            result.Missing++;
            return;
        }
        List<string> differences = [];
        if (ran != really || !ran && !Comparison.IsSame(vector, signal))
            differences.Add($"{(ran ? "no exception" : $"#{vector}")} not {(really ? "none" : $"signal {signal}")}");
        else if (vector == Vector.XM && !ran && simulation.Mxcsr != real.Mxcsr)
            differences.Add($"mxcsr {simulation.Mxcsr:X} not {real.Mxcsr:X}");
        else if (ran)
        {
            differences = Comparison.Of(instruction, before, simulation, real);
            Forget(instruction, before);
            if (instruction.Op0Kind != OpKind.Memory || !Undefined.Destination(instruction, before, real.Rflags))
                Comparison.Memory(differences, ours, host.Window);
        }
        if (differences.Count == 0)
        {
            _ = ran ? result.Compared++ : result.Refused++;
            return;
        }
        if (result.Differences.Count < Reported)
            result.Differences.Add(
                $"{instruction} [{Convert.ToHexString(bytes)}] {Inputs.Of(instruction, before, window)}: "
                + string.Join("; ", differences));
        else
            result.Differences.Add("");
    }

    /// <summary>Takes the host's bytes where an image has no defined ones.</summary>
    private void Forget(in Instruction instruction, in ProcessorState before)
    {
        foreach ((int from, int to) in Undefined.Image(instruction.Code))
        {
            int at = (int)(AddressRule.Of(instruction, before) - HostArena.Window) + from;
            host.Window.Slice(at, to - from).CopyTo(ours.AsSpan(at));
        }
    }

    /// <summary>The host goes only where the simulated processor went, or to the other side of a branch.</summary>
    private static bool MayRun(in Instruction i, bool ran, int length, in ProcessorState after, out ulong branch)
    {
        ulong end = HostProcessor.InstructionAt + (ulong)length;
        branch = end;
        if (i.FlowControl is FlowControl.Next or FlowControl.Exception)
            return true;
        if (!ran)
            return false;
        branch = i.Op0Kind == OpKind.NearBranch64 ? i.NearBranchTarget : after.Rip;
        bool clear = branch >= end + 5 || branch + 5 <= HostProcessor.InstructionAt;
        return branch == end || clear && branch >= HostArena.Code && branch < HostArena.Code + HostArena.CodeBytes - 16;
    }

    /// <summary>Encodes, and decodes again: what runs is what the bytes say.</summary>
    private static bool TryEncode(ref Instruction instruction, out byte[] bytes)
    {
        Bytes writer = new();
        Iced.Intel.Encoder encoder = Iced.Intel.Encoder.Create(64, writer);
        bool ok = encoder.TryEncode(instruction, HostProcessor.InstructionAt, out _, out _);
        bytes = [.. writer.Written];
        if (!ok)
            return false;
        Decoder decoder = Decoder.Create(64, bytes, HostProcessor.InstructionAt);
        Code code = instruction.Code;
        decoder.Decode(out instruction);
        return instruction.Code == code;
    }

    private sealed class Bytes : CodeWriter
    {
        public List<byte> Written { get; } = [];

        public override void WriteByte(byte value) => Written.Add(value);
    }
}
