using Iced.Intel;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>
/// Finds the flags of a block that are written again before anybody can see them. Whatever may fault or leave can show
/// all of them, so nothing dies across it.
/// </summary>
internal static class FlagLiveness
{
    private const RflagsBits Arithmetic =
        RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;

    public static void Elide(Instruction[] instructions, HandlerKey[] keys, int count)
    {
        RflagsBits live = Arithmetic;
        for (int i = count - 1; i >= 0; i--)
        {
            ref readonly Instruction instruction = ref instructions[i];
            RflagsBits modified = instruction.RflagsModified & Arithmetic;
            if (modified != 0 && (live & modified) == 0 && IsElidable(keys[i].Family))
                keys[i] = keys[i] with { Flags = false };
            live = MayLeave(keys[i])
                ? Arithmetic
                : (live & ~(IsConditional(keys[i], instruction) ? 0 : Written(instruction))) | (instruction.RflagsRead & Arithmetic);
        }
    }

    /// <summary>The bit tests leave undefined flags alone; every other operation gives them their canonical value.</summary>
    private static RflagsBits Written(in Instruction instruction) => Arithmetic &
        (instruction.Mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc
            ? instruction.RflagsWritten
            : instruction.RflagsModified);

    private static bool IsElidable(Family family) =>
        family is Family.Alu or Family.Unary or Family.AluImmediate or Family.ThreeOperand or Family.Compare;

    private static bool MayLeave(in HandlerKey key) =>
        key.Dst >= Place.BaseDisp || key.Src >= Place.BaseDisp
        || key.Family is Family.Accumulate or >= Family.VectorLanes;

    /// <summary>A shift by CL, or by an immediate that is 0, may leave the flags as they are.</summary>
    private static bool IsConditional(in HandlerKey key, in Instruction instruction) =>
        key.Src == Place.Cl || key.Family == Family.DoubleShift
        || (key.Src == Place.Immediate && instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar
            or Mnemonic.Sal or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
            && (instruction.GetImmediate(1) & 0x1F) == 0);
}
