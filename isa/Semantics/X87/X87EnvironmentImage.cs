using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// FLDENV, FNSTENV, FNSAVE, FRSTOR in their four formats: 16- and 32-bit, protected and real-address mode. SDM vol. 1,
/// figures 8-9 to 8-12.
/// </summary>
internal static unsafe class X87EnvironmentImage
{
    private const int Registers = 8, RegisterBytes = 10, WordFields = 7, LongestImage = 108;

    public static Outcome Fnstenv(Core core, in Instruction i, X87Stack st)
    {
        Span<byte> image = stackalloc byte[EnvironmentBytes(i)];
        Write(core, i, st, image);
        if (!X87Operands.TryWriteBytes(core, i, image))
            return Outcome.Fault;
        core.Lp->Fcw |= X87Control.Masks;
        st.Summarise();
        return Outcome.Next;
    }

    public static Outcome Fldenv(Core core, in Instruction i, X87Stack st)
    {
        Span<byte> image = stackalloc byte[EnvironmentBytes(i)];
        if (!X87Operands.TryReadBytes(core, i, image))
            return Outcome.Fault;
        Read(core, i, st, image);
        return Outcome.Next;
    }

    public static Outcome Fnsave(Core core, in Instruction i, X87Stack st)
    {
        int environment = EnvironmentBytes(i);
        Span<byte> image = stackalloc byte[LongestImage];
        image = image[..(environment + Registers * RegisterBytes)];
        Write(core, i, st, image);
        for (int n = 0; n < Registers; n++)
        {
            Span<byte> at = image[(environment + n * RegisterBytes)..];
            Extended80 value = st[n];
            BinaryPrimitives.WriteUInt64LittleEndian(at, value.Significand);
            BinaryPrimitives.WriteUInt16LittleEndian(at[8..], value.SignExponent);
        }
        return X87Operands.TryWriteBytes(core, i, image) ? X87ControlOperations.Fninit(core, i, st) : Outcome.Fault;
    }

    public static Outcome Frstor(Core core, in Instruction i, X87Stack st)
    {
        int environment = EnvironmentBytes(i);
        Span<byte> image = stackalloc byte[LongestImage];
        image = image[..(environment + Registers * RegisterBytes)];
        if (!X87Operands.TryReadBytes(core, i, image))
            return Outcome.Fault;
        Read(core, i, st, image);
        byte tags = core.Lp->Ftw;
        for (int n = 0; n < Registers; n++)
        {
            Span<byte> at = image[(environment + n * RegisterBytes)..];
            st[n] = new Extended80(
                BinaryPrimitives.ReadUInt16LittleEndian(at[8..]), BinaryPrimitives.ReadUInt64LittleEndian(at));
        }
        core.Lp->Ftw = tags;
        return Outcome.Next;
    }

    private static int EnvironmentBytes(in Instruction i) => Is32(i) ? WordFields * 4 : WordFields * 2;

    private static bool Is32(in Instruction i) => i.MemorySize is MemorySize.FpuEnv28 or MemorySize.FpuState108;

    private static bool IsRealFormat(Core core) =>
        (core.Lp->Cr0 & Cr0Bit.Pe) == 0 || (core.Rflags & RflagsBit.Vm) != 0;

    private static void Write(Core core, in Instruction i, X87Stack st, Span<byte> image)
    {
        LogicalProcessor* lp = core.Lp;
        uint instruction = (uint)lp->Fip, data = (uint)lp->Fdp;
        Span<uint> fields = stackalloc uint[WordFields];
        (fields[0], fields[1], fields[2]) = (lp->Fcw, lp->Fsw, FullTags(st));
        if (IsRealFormat(core))
        {
            instruction += (uint)lp->Fcs << 4;
            data += (uint)lp->Fds << 4;
            (fields[3], fields[4]) = (instruction & 0xFFFF, (instruction >> 16 << 12) | lp->Fop);
            (fields[5], fields[6]) = (data & 0xFFFF, data >> 16 << 12);
        }
        else
        {
            (fields[3], fields[4], fields[5], fields[6]) = (instruction, lp->Fcs, data, lp->Fds);
        }
        Store(fields, image, Is32(i), IsRealFormat(core), lp->Fop);
    }

    private static void Store(ReadOnlySpan<uint> fields, Span<byte> image, bool is32, bool real, uint opcode)
    {
        for (int n = 0; n < WordFields; n++)
        {
            if (!is32)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(image[(n * 2)..], (ushort)fields[n]);
                continue;
            }
            // reserved halves read as ones, but for what holds an opcode or a pointer
            uint high = n switch
            {
                3 or 5 when !real => 0,
                4 when !real => opcode << 16,
                4 or 6 when real => 0,
                _ => 0xFFFF0000,
            };
            BinaryPrimitives.WriteUInt32LittleEndian(image[(n * 4)..], fields[n] | high);
        }
    }

    private static void Read(Core core, in Instruction i, X87Stack st, ReadOnlySpan<byte> image)
    {
        LogicalProcessor* lp = core.Lp;
        Span<uint> fields = stackalloc uint[WordFields];
        for (int n = 0; n < WordFields; n++)
            fields[n] = Is32(i)
                ? BinaryPrimitives.ReadUInt32LittleEndian(image[(n * 4)..])
                : BinaryPrimitives.ReadUInt16LittleEndian(image[(n * 2)..]);
        const int summary = X87Status.ErrorSummary | X87Status.Busy;
        lp->Fsw = (ushort)(fields[1] & ~summary);
        lp->Ftw = AbridgedTags(fields[2]);
        if (IsRealFormat(core))
        {
            lp->Fip = (fields[3] & 0xFFFF) | (fields[4] >> 12 << 16 & 0xFFFF0000);
            lp->Fdp = (fields[5] & 0xFFFF) | (fields[6] >> 12 << 16 & 0xFFFF0000);
            (lp->Fcs, lp->Fds, lp->Fop) = (0, 0, (ushort)(fields[4] & 0x7FF));
        }
        else
        {
            (lp->Fip, lp->Fdp, lp->Fcs, lp->Fds) = (fields[3], fields[5], (ushort)fields[4], (ushort)fields[6]);
            if (Is32(i))
                lp->Fop = (ushort)(fields[4] >> 16 & 0x7FF);
        }
        X87ControlOperations.SetControl(core, st, (int)fields[0]);
    }

    /// <summary>Two bits a register: valid, zero, special, empty. SDM vol. 1, figure 8-7.</summary>
    private static uint FullTags(X87Stack st)
    {
        uint tags = 0;
        for (int n = 0; n < Registers; n++)
        {
            int register = (st.Top + n) & 7;
            FloatValue value = st.Value(n);
            bool special = !(value.IsFinite && !value.WasDenormal);
            uint tag = st.IsEmpty(n) ? 3u : value.IsZero ? 1u : special ? 2u : 0u;
            tags |= tag << (register * 2);
        }
        return tags;
    }

    private static byte AbridgedTags(uint full)
    {
        int tags = 0;
        for (int n = 0; n < Registers; n++)
            tags |= (full >> (n * 2) & 3) != 3 ? 1 << n : 0;
        return (byte)tags;
    }
}
