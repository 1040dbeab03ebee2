using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>What the manual leaves undefined is what undefined-results.csv says, on every host.</summary>
public sealed unsafe class UndefinedResultTests
{
    private const ulong Arithmetic = 0x8D5;

    private static readonly ulong[] Corners =
        [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 0x80, 0xFF, 0x8000, 0xFFFF, 0x80000000, 0xFFFFFFFF, 1UL << 63, ulong.MaxValue];

    private static IEnumerable<string[]> Rows => ModelTable.Read("undefined-results.csv", 5);

    [TestCaseSource(nameof(Instructions))]
    public void Every_row_is_what_happens(Mnemonic mnemonic)
    {
        UndefinedResultRow[] rows = [.. Rows.Select(UndefinedResultRow.Parse).Where(r => r.Instructions.Contains(mnemonic))];
        int[] used = new int[rows.Length];
        Random random = new(1);
        using EngineRig rig = new();
        foreach (Code code in Enum.GetValues<Code>().Where(c => c.Mnemonic() == mnemonic && IsGeneral(c.ToOpCode())))
            for (int round = 0; round < 60; round++)
                if (TryExecute(rig, code, random, out Execution e))
                    for (int n = 0; n < rows.Length; n++)
                    {
                        if (!rows[n].Applies(e))
                            continue;
                        used[n]++;
                        Assert.That(rows[n].Breach(e), Is.Null, code.ToString());
                    }
        Assert.That(used, Is.All.Positive, "every row has been met");
    }

    private static IEnumerable<Mnemonic> Instructions =>
        Rows.SelectMany(r => UndefinedResultRow.Parse(r).Instructions).Distinct();

    private static bool IsGeneral(OpCodeInfo form)
    {
        for (int n = 0; n < form.OpCount; n++)
            if (form.GetOpKind(n).ToString() is var kind && !kind.StartsWith('r') && !kind.StartsWith("imm", StringComparison.Ordinal)
                && kind is not ("cl" or "al" or "ax" or "eax" or "rax"))
                return false;
        return form.IsInstruction && !form.Code.ToString().EndsWith("_1", StringComparison.Ordinal);
    }

    private static bool TryExecute(EngineRig rig, Code code, Random random, out Execution e)
    {
        e = default;
        Instruction instruction = Create(code, random, out Register destination, out Register source);
        bool mode64 = code.ToOpCode().Mode64;
        Iced.Intel.Encoder encoder = Iced.Intel.Encoder.Create(mode64 ? 64 : 32, new Bytes(out List<byte> bytes));
        encoder.Encode(instruction, EngineRig.Code);
        rig.LoadAt(EngineRig.Code, [.. bytes, 0xF4]);
        uint size = mode64 ? 1u << 13 : 1u << 14;
        rig.Lp->Cs.AccessRights = (rig.Lp->Cs.AccessRights & ~(3u << 13)) | size;
        foreach (int register in (int[])[0, 1, 2, 3, 6])
            rig.Lp->Gpr[register] = random.Next(2) == 0 ? (ulong)random.NextInt64() * 3 : Corners[random.Next(Corners.Length)];
        if (instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv)
            rig.Lp->Gpr[2] = rig.Lp->Gpr[0] = (ulong)random.Next(100);
        rig.Core.Rflags = 2 | ((ulong)random.Next() & Arithmetic);
        ulong before = rig.Core.ReadRegister(destination), from = rig.Core.ReadRegister(source), flags = rig.Core.Rflags;
        int count = CountOf(instruction, rig.Lp->Gpr[1]);
        (rig.Lp->Rip, rig.Lp->Activity) = (EngineRig.Code, ActivityState.Active);
        rig.Core.ModeChanged();
        rig.Run(1);
        if (rig.Lp->Rip != EngineRig.Code + (ulong)bytes.Count)
            return false; // #DE
        e = new Execution(instruction.Mnemonic, destination.GetSize() * 8, before, from, count,
            rig.Core.ReadRegister(destination), flags, rig.Core.Rflags);
        return true;
    }

    /// <summary>dst RBX, src RSI; count in CL; implicit operands are the accumulator's.</summary>
    private static Instruction Create(Code code, Random random, out Register destination, out Register source)
    {
        OpCodeInfo form = code.ToOpCode();
        Instruction instruction = new() { Code = code };
        destination = source = Register.None;
        for (int n = 0; n < form.OpCount; n++)
        {
            string kind = form.GetOpKind(n).ToString();
            if (kind.StartsWith("imm", StringComparison.Ordinal))
            {
                instruction.SetOpKind(n, kind switch
                {
                    "imm8" => OpKind.Immediate8, "imm8sex16" => OpKind.Immediate8to16, "imm8sex32" => OpKind.Immediate8to32,
                    "imm8sex64" => OpKind.Immediate8to64, "imm16" => OpKind.Immediate16, "imm32" => OpKind.Immediate32,
                    "imm32sex64" => OpKind.Immediate32to64, _ => OpKind.Immediate64,
                });
                instruction.SetImmediate(n, random.Next(1, 127));
                continue;
            }
            Register register = kind == "cl" ? Register.CL : OfKind(kind, n == 0 ? 3 : 6);
            instruction.SetOpRegister(n, register);
            if (n == 0)
                destination = register;
            else if (kind != "cl" && source == Register.None)
                source = register;
        }
        bool accumulates = form.OpCount == 1 && instruction.Mnemonic is Mnemonic.Mul or Mnemonic.Imul or Mnemonic.Div or Mnemonic.Idiv;
        if (destination == Register.None || (accumulates && form.OpCount == 1))
            (destination, source) = (Accumulator(destination), destination == Register.None ? Register.AL : destination);
        if (source == Register.None)
            source = destination;
        return instruction;
    }

    private static Register OfKind(string kind, int number) => kind switch
    {
        "al" => Register.AL, "ax" => Register.AX, "eax" => Register.EAX, "rax" => Register.RAX,
        _ when kind.StartsWith("r8", StringComparison.Ordinal)  => number == 3 ? Register.BL : Register.DL,
        _ when kind.StartsWith("r16", StringComparison.Ordinal) => Register.AX + number,
        _ when kind.StartsWith("r32", StringComparison.Ordinal) => Register.EAX + number,
        _                                                       => Register.RAX + number,
    };

    private static Register Accumulator(Register like) => like == Register.None
        ? Register.AL
        : like.GetSize() switch { 8 => Register.RAX, 4 => Register.EAX, 2 => Register.AX, _ => Register.AL };

    private static int CountOf(in Instruction i, ulong rcx)
    {
        bool shifts = i.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror
            or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shld or Mnemonic.Shrd;
        if (!shifts)
            return 0;
        int last = i.OpCount - 1;
        ulong count = i.GetOpKind(last) == OpKind.Register ? rcx : i.GetImmediate(last);
        return (int)(count & (i.Op0Register.GetSize() == 8 ? 63UL : 31));
    }

    private sealed class Bytes : CodeWriter
    {
        private readonly List<byte> bytes = [];

        public Bytes(out List<byte> list) => list = bytes;

        public override void WriteByte(byte value) => bytes.Add(value);
    }
}
