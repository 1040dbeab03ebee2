using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Float;

/// <summary>
/// Every x87 encoding against the processor the tests run on: registers, tags, status, flags and memory, with masked
/// and unmasked exceptions, all precisions and roundings, empty and full stacks, unsupported encodings.
/// </summary>
public sealed unsafe class X87HostTests
{
    private const int Rounds = 100;
    private const ulong ArithmeticFlags = 0x8D5, Scratch = EngineRig.Data;

    private static readonly XsaveLayout Layout = CpuModel.Load("sapphire-rapids", new CpuParameters()).Xsave;

    // compared within a tolerance elsewhere
    private static readonly HashSet<Mnemonic> Transcendental =
    [
        Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1, Mnemonic.Fyl2x,
        Mnemonic.Fyl2xp1,
    ];

    private static IEnumerable<TestCaseData> Opcodes() =>
        Enumerable.Range(0xD8, 8).Select(o => new TestCaseData(o).SetArgDisplayNames($"{o:X2}"));

    [TestCaseSource(nameof(Opcodes))]
    public void Every_encoding_agrees(int opcode)
    {
        if (!HostVectorCode.IsAvailable)
            Assert.Ignore("needs Linux on x86-64");
        using HostX87Code host = new();
        using EngineRig rig = new();
        FloatSamples samples = new(20260303 + opcode);
        for (int modrm = 0; modrm < 256; modrm = modrm < 0x40 ? NextMemoryForm(modrm) : modrm + 1)
        {
            byte[] bytes = [(byte)opcode, (byte)(modrm < 0xC0 ? (modrm & 0x38) | 6 : modrm)];
            Decoder decoder = Decoder.Create(64, bytes);
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid || Transcendental.Contains(instruction.Mnemonic))
                continue;
            for (int round = 0; round < Rounds; round++)
                Compare(host, rig, samples, bytes, instruction);
        }
    }

    private static int NextMemoryForm(int modrm) => modrm + 8 >= 0x40 ? 0xC0 : modrm + 8;

    private static void Compare(
        HostX87Code host, EngineRig rig, FloatSamples samples, byte[] bytes, in Instruction instruction)
    {
        X87Samples.Fill(host.Frame, samples, instruction);
        string state = $"{instruction} {X87Samples.Describe(host.Frame)}";
        Simulate(rig, host.Frame, bytes);
        host.Run(bytes);
        LogicalProcessor* lp = rig.Lp;
        Span<byte> real = new(host.Frame->After, 512), mine = stackalloc byte[512];
        Registers(rig).SaveX87(mine);
        if (IsVendorDefined(instruction, real, mine))
            return;
        Assert.That(Hex(mine[..5]), Is.EqualTo(Hex(real[..5])), $"control, status, tags: {state}");
        for (int i = 0; i < 8; i++)
            Assert.That(Hex(mine.Slice(32 + (16 * i), 10)), Is.EqualTo(Hex(real.Slice(32 + (16 * i), 10))),
                $"st{i}: {state}");
        Assert.That(rig.Core.Rflags & ArithmeticFlags, Is.EqualTo(host.Frame->Rflags & ArithmeticFlags), state);
        Assert.That(lp->Gpr[0], Is.EqualTo(host.Frame->Rax), state);
        CompareMemory(host, rig, instruction, state);
    }

    /// <summary>
    /// An unmasked #IA of a compare leaves the flags alone (SDM vol. 2A, "FCOM"), and FCOMI clears C1; the processor at
    /// hand may differ.
    /// </summary>
    private static bool IsVendorDefined(in Instruction instruction, Span<byte> real, Span<byte> mine)
    {
        const int invalid = 1, c1 = 2;
        bool flags = instruction.Mnemonic is Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip;
        bool codes = instruction.Mnemonic is Mnemonic.Fcom or Mnemonic.Fcomp or Mnemonic.Fcompp or Mnemonic.Fucom
            or Mnemonic.Fucomp or Mnemonic.Fucompp or Mnemonic.Ficom or Mnemonic.Ficomp or Mnemonic.Ftst;
        if (flags)
            real[3] = (byte)((real[3] & ~c1) | (mine[3] & c1));
        return (flags || codes) && (mine[0] & invalid) == 0 && (mine[2] & invalid) != 0;
    }

    private static void CompareMemory(HostX87Code host, EngineRig rig, in Instruction instruction, string state)
    {
        Span<byte> real = new(host.Frame->Memory, X87Frame.MemoryBytes), mine = stackalloc byte[X87Frame.MemoryBytes];
        rig.Memory.Read(new Seamsim.Isa.Hpa(Scratch), mine, false);
        if (instruction.Mnemonic is Mnemonic.Fnstenv or Mnemonic.Fnsave)
        {
            real[12..28].Clear(); // the pointers are the vendor's own
            mine[12..28].Clear();
        }
        Assert.That(Hex(mine), Is.EqualTo(Hex(real)), state);
    }

    private static void Simulate(EngineRig rig, X87Frame* frame, byte[] bytes)
    {
        rig.LoadAt(EngineRig.Code, [.. bytes, 0xF4]);
        rig.LoadAt(Scratch, new ReadOnlySpan<byte>(frame->Memory, X87Frame.MemoryBytes).ToArray());
        Registers(rig).RestoreX87(new ReadOnlySpan<byte>(frame->Before, 512));
        rig.Lp->Gpr[0] = frame->Rax;
        rig.Lp->Gpr[6] = Scratch;
        rig.Core.Rflags = frame->Rflags;
        rig.Lp->Rip = EngineRig.Code;
        rig.Lp->Activity = ActivityState.Active;
        rig.Run(1);
        Assert.That(rig.Lp->Rip, Is.EqualTo(EngineRig.Code + 2), "it raised an exception");
    }

    private static ExtendedState Registers(EngineRig rig) => new(rig.Lp, Layout);

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);
}
