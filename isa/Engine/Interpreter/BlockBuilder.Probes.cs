using Seamsim.Isa.Probes;

namespace Seamsim.Isa.Engine.Interpreter;

// The op in front of a block that tells an observer.
internal sealed unsafe partial class BlockBuilder
{
    /// <summary>
    /// Makes the block known and its marker report it. In a single step, Target is the word of the step as part of a
    /// block already paid for, and NextRip its word otherwise.
    /// </summary>
    private void FillMarker(Op* head, in BlockKey key, ReadOnlySpan<byte> code)
    {
        Observer probe = core.Probe!;
        Op* marker = head + 1;
        bool step = (key.Mode & BlockKey.Step) != 0;
        marker->Imm = marker->NextRip = Define(key, code, paid: false);
        marker->Target = step ? Define(key, code, paid: true) : 0;
        marker->Disp = head->Imm;
        marker->Fn = (probe.Aspects & ProbeAspects.Registers) != 0 ? &RegisterMarker.Run : &BlockMarker.Run;
        ulong linear = LinearOf(key);
        if (!probe.IsWatched(linear, linear + (ulong)code.Length - 1))
            return;
        marker->Careful = marker->Fn;
        marker->Fn = &WatchMarker.Run;
    }

    private ulong Define(in BlockKey key, ReadOnlySpan<byte> code, bool paid) =>
        ProbeWord.Block(core.Probe!.Define(core, BlockOf(key, code, paid)));

    private BlockOfCode BlockOf(in BlockKey key, ReadOnlySpan<byte> code, bool paid) => new()
    {
        Address = LinearOf(key),
        Physical = new Hpa(key.Physical),
        Bits = BitsOf(key),
        Instructions = count,
        Paid = paid,
        Code = code,
    };

    private ulong LinearOf(in BlockKey key) => core.LongMode64 ? key.Rip : (uint)(core.Lp->Cs.Base + key.Rip);
}
