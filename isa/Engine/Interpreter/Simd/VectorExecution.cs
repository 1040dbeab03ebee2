using Iced.Intel;
using Seamsim.Isa.Decode.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter.Simd;

/// <summary>
/// One vector instruction executed out of line, in the order of the manual: operands, operation, exceptions, then the
/// destination under its mask. SDM vol. 2A, 2.7 (EVEX).
/// </summary>
internal unsafe ref struct VectorExecution
{
    private const int Room = 64, Calmness = 4;
    private const uint RoundingBits = 3u << 13, AllMasked = 0x1F80;

    private readonly Core core;
    private readonly LogicalProcessor* lp;
    private readonly VectorRow row;
    private readonly int bytes, element, count;
    private readonly ulong mask;
    private readonly bool isMasked, usesMmx;
    private Instruction instruction;
    private int rmBytes;

    public VectorExecution(Core core, in Instruction instruction, VectorRow row)
    {
        this.core = core;
        this.instruction = instruction;
        this.row = row;
        lp = core.Lp;
        int largest = VectorBinder.LargestRegister(instruction);
        bytes = largest == 0 ? 8 : largest;
        element = row.Element != 0 ? row.Element : ElementOf(instruction);
        count = row.IsScalar ? 1
            : Math.Max(1, row.SourceElement != 0 ? bytes / row.SourceElement : ResultBytes / element);
        isMasked = instruction.OpMask != Register.None;
        mask = isMasked ? lp->K[instruction.OpMask - Register.K0] : ulong.MaxValue;
        if (count < 64)
            mask &= (1UL << count) - 1;
        usesMmx = UsesMmx(instruction);
    }

    /// <summary>False: a fault is recorded and nothing has changed.</summary>
    public bool Run()
    {
        if (usesMmx && (lp->Fsw & Mmx.ErrorSummary) != 0)
        {
            core.Raise(Vector.MF);
            return false;
        }
        byte* room = stackalloc byte[5 * Room];
        new Span<byte>(room, 5 * Room).Clear();
        Op operands = default;
        int rm = VectorBinder.Registers(instruction, &operands);
        byte* d = room, rmAt = room + Room;
        if (!TryLoad(rm, rmAt))
            return false;
        byte* dst = (byte*)lp + operands.VDst, a = (byte*)lp + operands.VA, b = (byte*)lp + operands.VB;
        if (row.Runner.RaisesExceptions && isMasked)
        {
            dst = Calm(dst, room + (2 * Room), element);
            a = Calm(a, room + (3 * Room), element);
            Calm(rmAt, rmAt, row.SourceElement != 0 ? row.SourceElement : ElementOf(instruction));
        }
        (lp->Scratch, lp->Scratch2) = (mask, instruction.ZeroingMasking ? 1UL : 0);
        return TryCompute(d, dst, a, b, rmAt) && TryStore(d, (byte*)lp + operands.VDst, (byte*)lp + operands.VA);
    }

    /// <summary>With embedded rounding MXCSR holds it for the time being, and no exception is told.</summary>
    private readonly bool TryCompute(byte* d, byte* dst, byte* a, byte* b, byte* rm)
    {
        uint mxcsr = lp->Mxcsr;
        bool quiet = instruction.SuppressAllExceptions || instruction.RoundingControl != RoundingControl.None;
        if (instruction.RoundingControl != RoundingControl.None)
            lp->Mxcsr = (mxcsr & ~RoundingBits)
                | ((uint)(instruction.RoundingControl - RoundingControl.RoundToNearest) << 13);
        if (quiet)
            lp->Mxcsr |= AllMasked;
        lp->SimdRaised = 0;
        row.Runner.Apply(lp, d, dst, a, b, rm, rmBytes, bytes, VectorBinder.Immediate(instruction));
        lp->Mxcsr = mxcsr;
        return quiet || lp->SimdRaised == 0 || core.AcceptSimdExceptions();
    }

    /// <summary>The register-or-memory operand, zero-extended to 64 bytes.</summary>
    private bool TryLoad(int n, byte* to)
    {
        if (n < 0)
            return true;
        if (instruction.GetOpKind(n) == OpKind.Register)
        {
            Register register = instruction.GetOpRegister(n);
            rmBytes = VectorBinder.SizeOf(register);
            new ReadOnlySpan<byte>((byte*)lp + VectorBinder.Offset(register), rmBytes).CopyTo(new Span<byte>(to, Room));
            return true;
        }
        int size = instruction.MemorySize.GetInfo().Size, segment = Core.SegmentIndex(instruction.MemorySegment);
        ulong address = core.EffectiveAddress(instruction).Value;
        rmBytes = size;
        if (instruction.IsBroadcast)
            return TryBroadcast(address, segment, to);
        if (mask != 0 && VectorBinder.IsAligned(instruction, row)
            && !core.IsVectorAligned(address, size, segment, write: false))
            return false;
        bool suppresses = isMasked && !row.IsMixing && row.Merging != Merging.Own && size % count == 0;
        return suppresses && mask != Full
            ? core.TryReadElements(address, size / count, count, mask, segment, to)
            : core.TryReadVector(address, size, segment, to);
    }

    private bool TryBroadcast(ulong address, int segment, byte* to)
    {
        int size = instruction.MemorySize.GetInfo().ElementSize;
        rmBytes = bytes;
        if (isMasked && mask == 0 && !row.IsMixing)
            return true;
        if (!core.TryReadVector(address, size, segment, to))
            return false;
        for (int at = size; at < Room; at += size)
            new ReadOnlySpan<byte>(to, size).CopyTo(new Span<byte>(to + at, size));
        return true;
    }

    private readonly bool TryStore(byte* d, byte* dst, byte* a)
    {
        if (row.HasNoResult)
            return true;
        if (instruction.Op0Kind == OpKind.Memory)
            return TryStoreMemory(d);
        if (usesMmx)
            Mmx.Enter(lp);
        Register register = instruction.Op0Register;
        if (register.IsK())
        {
            *(ulong*)dst = isMasked ? *(ulong*)d & mask : *(ulong*)d;
        }
        else if (register.IsMM())
        {
            *(ulong*)dst = *(ulong*)d;
            *(ushort*)(dst + 8) = Mmx.Exponent;
        }
        else if (!register.IsVectorRegister())
        {
            core.WriteRegister(register, *(ulong*)d);
        }
        else
        {
            if (isMasked && row.Merging != Merging.Own)
                Merge(d, row.Merging == Merging.Source ? a : dst);
            bool legacy = instruction.Code.Encoding() == EncodingKind.Legacy;
            new ReadOnlySpan<byte>(d, legacy ? 16 : Room).CopyTo(new Span<byte>(dst, Room));
        }
        return true;
    }

    private readonly bool TryStoreMemory(byte* d)
    {
        int size = instruction.MemorySize.GetSize(), segment = Core.SegmentIndex(instruction.MemorySegment);
        ulong address = core.EffectiveAddress(instruction).Value;
        if (mask != 0 && VectorBinder.IsAligned(instruction, row)
            && !core.IsVectorAligned(address, size, segment, write: true))
            return false;
        bool done = isMasked && mask != Full
            ? core.TryWriteElements(address, size / count, count, mask, segment, d)
            : core.TryWriteVector(address, size, segment, d);
        if (done && usesMmx)
            Mmx.Enter(lp);
        return done;
    }

    /// <summary>Inactive elements stay, or become zero.</summary>
    private readonly void Merge(byte* d, byte* source)
    {
        for (int i = 0; i < count; i++)
        {
            if (((mask >> i) & 1) != 0)
                continue;
            Span<byte> to = new(d + (i * element), element);
            if (instruction.ZeroingMasking)
                to.Clear();
            else
                new ReadOnlySpan<byte>(source + (i * element), element).CopyTo(to);
        }
    }

    /// <summary>
    /// A copy with fours in inactive elements: whatever is computed from them is exact, and VFIXUPIMM has no exception for
    /// them (as it has for ones).
    /// </summary>
    private readonly byte* Calm(byte* source, byte* copy, int size)
    {
        if (source != copy)
            new ReadOnlySpan<byte>(source, Room).CopyTo(new Span<byte>(copy, Room));
        for (int i = 0; i < Math.Min(count, Room / size); i++)
        {
            if (((mask >> i) & 1) != 0)
                continue;
            switch (size)
            {
                case 8: ((double*)copy)[i] = Calmness; break;
                case 4: ((float*)copy)[i] = Calmness; break;
                default: ((Half*)copy)[i] = (Half)Calmness; break;
            }
        }
        return copy;
    }

    private readonly ulong Full => count >= 64 ? ulong.MaxValue : (1UL << count) - 1;

    private readonly int ResultBytes => instruction.Op0Kind == OpKind.Memory
        ? instruction.MemorySize.GetSize()
        : instruction.Op0Register.IsVectorRegister() ? instruction.Op0Register.GetSize() : bytes;

    private static int ElementOf(in Instruction i)
    {
        MemorySize form = i.Code.ToOpCode().MemorySize;
        return form == MemorySize.Unknown ? 8 : Math.Max(1, form.GetInfo().ElementSize);
    }

    private static bool UsesMmx(in Instruction i)
    {
        for (int n = 0; n < i.OpCount; n++)
            if (i.GetOpKind(n) == OpKind.Register && i.GetOpRegister(n).IsMM())
                return true;
        return false;
    }
}
