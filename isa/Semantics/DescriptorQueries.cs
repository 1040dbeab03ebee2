using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>LAR, LSL, VERR, VERW and ARPL: what a selector leads to, told by ZF. SDM vol. 2; vol. 3A, 5.10.</summary>
internal static unsafe class DescriptorQueries
{
    // Types of system descriptors that LAR and LSL accept, as a bit mask. SDM vol. 2, tables "LAR" and "LSL".
    private const uint LarTypes = 0x1A3E, LslTypes = 0x0A0E, LarTypesLong = 0x1A04, LslTypesLong = 0x0A04;

    private const uint RightsMask = 0x00FF_FF00;

    public static Outcome Lar(Core core, in Instruction i)
    {
        if (!TryStart(core, i, 1, out ushort selector, out Outcome outcome))
            return outcome;
        if (!TryFind(core, selector, out Descriptor d, out bool found))
            return Outcome.Fault;
        bool ok = found && Accepts(core, d, LarTypes, LarTypesLong) && IsVisible(core, selector, d);
        if (ok)
            core.WriteRegister(i.Op0Register, (uint)(d.Low >> 32) & RightsMask);
        return Tell(core, ok);
    }

    public static Outcome Lsl(Core core, in Instruction i)
    {
        if (!TryStart(core, i, 1, out ushort selector, out Outcome outcome))
            return outcome;
        if (!TryFind(core, selector, out Descriptor d, out bool found))
            return Outcome.Fault;
        bool ok = found && Accepts(core, d, LslTypes, LslTypesLong) && IsVisible(core, selector, d);
        if (ok)
            core.WriteRegister(i.Op0Register, d.Limit);
        return Tell(core, ok);
    }

    public static Outcome Verify(Core core, in Instruction i)
    {
        if (!TryStart(core, i, 0, out ushort selector, out Outcome outcome))
            return outcome;
        if (!TryFind(core, selector, out Descriptor d, out bool found))
            return Outcome.Fault;
        bool suits = i.Mnemonic == Mnemonic.Verr ? d.IsReadable : d.IsWritable;
        return Tell(core, found && d.IsCodeOrData && IsVisible(core, selector, d) && suits);
    }

    public static Outcome Arpl(Core core, in Instruction i)
    {
        if (core.HasRealSegments)
            return core.Raise(Vector.UD);
        if (!core.TryReadOperand(i, 0, out ulong destination))
            return Outcome.Fault;
        ulong rpl = core.ReadOperand(i, 1) & 3;
        bool raises = (destination & 3) < rpl;
        if (raises && !core.TryWriteOperand(i, 0, (destination & ~3UL) | rpl))
            return Outcome.Fault;
        return Tell(core, raises);
    }

    private static bool TryStart(Core core, in Instruction i, int operand, out ushort selector, out Outcome outcome)
    {
        selector = 0;
        outcome = Outcome.Fault;
        if (core.HasRealSegments)
        {
            core.Raise(Vector.UD);
            return false;
        }
        bool read = core.TryReadOperand(i, operand, out ulong value);
        selector = (ushort)value;
        return read;
    }

    /// <summary>False: a fault of reading the table. Outside the table, or null, is no fault here.</summary>
    private static bool TryFind(Core core, ushort selector, out Descriptor descriptor, out bool found)
    {
        descriptor = default;
        found = (selector & ~3) != 0 && core.TryLocateDescriptor(selector, wide: false, out _);
        if (!found)
            return true;
        if (!core.TryReadDescriptor(selector, out descriptor))
            return false;
        if (descriptor.IsCodeOrData || !core.LongModeActive)
            return true;
        found = core.TryLocateDescriptor(selector, wide: true, out _);
        if (!found)
            return true;
        bool read = core.TryReadDescriptor(selector, out descriptor, wide: true);
        found = descriptor.UpperType == 0;
        return read;
    }

    private static bool Accepts(Core core, in Descriptor d, uint types, uint longTypes) =>
        d.IsCodeOrData || ((core.LongModeActive ? longTypes : types) >> d.Type & 1) != 0;

    private static bool IsVisible(Core core, ushort selector, in Descriptor d) =>
        d.IsConforming || d.Dpl >= Math.Max(core.Cpl, selector & 3);

    private static Outcome Tell(Core core, bool ok)
    {
        LazyFlags.Update(core.Lp, RflagsBit.Zf, ok ? RflagsBit.Zf : 0);
        return Outcome.Next;
    }
}
