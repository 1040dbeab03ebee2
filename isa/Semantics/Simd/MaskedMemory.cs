using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.Engine.Interpreter.Simd;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.Simd;

/// <summary>
/// Memory element by element: MASKMOV, VMASKMOV, gathers and scatters. SDM vol. 2. Elements are accessed from the lowest
/// on; a gather or scatter that faults has cleared the mask of what it has done, and goes on there.
/// </summary>
internal static unsafe class MaskedMemory
{
    /// <summary>MASKMOVQ, MASKMOVDQU: bytes to DS:rDI.</summary>
    public static bool MaskMove(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        bool isMmx = i.Op1Register.IsMM();
        if (isMmx && (lp->Fsw & Mmx.ErrorSummary) != 0)
        {
            core.Raise(Vector.MF);
            return false;
        }
        byte* source = (byte*)lp + VectorBinder.Offset(i.Op1Register), by = (byte*)lp + VectorBinder.Offset(i.Op2Register);
        int count = i.Op1Register.GetSize(), segment = Core.SegmentIndex(i.MemorySegment);
        ulong offset = i.Op0Kind switch
        {
            OpKind.MemorySegRDI => lp->Gpr[7],
            OpKind.MemorySegEDI => (uint)lp->Gpr[7],
            _ => (ushort)lp->Gpr[7],
        };
        ulong mask = SignsOf(by, 1, count);
        ulong address = Segmentation.Linear(core, segment, offset, (uint)count);
        if (!core.TryWriteElements(address, 1, count, mask, segment, source))
            return false;
        if (isMmx)
            Mmx.Enter(lp);
        return true;
    }

    /// <summary>VMASKMOVPS/PD, VPMASKMOVD/Q: elements whose mask has its sign set; others load as zero.</summary>
    public static bool ConditionalMove(Core core, in Instruction i)
    {
        LogicalProcessor* lp = core.Lp;
        int element = i.Mnemonic is Mnemonic.Vmaskmovps or Mnemonic.Vpmaskmovd ? 4 : 8;
        int bytes = i.Op1Register.GetSize(), count = bytes / element;
        ulong mask = SignsOf((byte*)lp + VectorBinder.Offset(i.Op1Register), element, count);
        int segment = Core.SegmentIndex(i.MemorySegment);
        ulong address = core.EffectiveAddress(i).Value;
        if (i.Op0Kind == OpKind.Memory)
            return core.TryWriteElements(
                address, element, count, mask, segment, (byte*)lp + VectorBinder.Offset(i.Op2Register));
        byte* loaded = stackalloc byte[64];
        new Span<byte>(loaded, 64).Clear();
        if (!core.TryReadElements(address, element, count, mask, segment, loaded))
            return false;
        new ReadOnlySpan<byte>(loaded, 64).CopyTo(new Span<byte>((byte*)lp + VectorBinder.Offset(i.Op0Register), 64));
        return true;
    }

    /// <summary>VGATHERxx, VPGATHERxx with a mask in a vector register.</summary>
    public static bool Gather(Core core, in Instruction i)
    {
        byte* dst = (byte*)core.Lp + VectorBinder.Offset(i.Op0Register);
        byte* by = (byte*)core.Lp + VectorBinder.Offset(i.Op2Register);
        int element = i.MemorySize.GetInfo().ElementSize, count = Count(i, i.Op0Register, element);
        for (int n = 0; n < count; n++)
        {
            byte* sign = by + (n * element) + element - 1;
            if ((*sign & 0x80) != 0
                && !core.TryReadVector(ElementAddress(core, i, n, element), element, Segment(i), dst + (n * element)))
                return false;
            new Span<byte>(by + (n * element), element).Clear();
        }
        new Span<byte>(dst + (count * element), 64 - (count * element)).Clear();
        new Span<byte>(by, 64).Clear();
        return true;
    }

    /// <summary>The same with an opmask register.</summary>
    public static bool GatherMasked(Core core, in Instruction i)
    {
        byte* dst = (byte*)core.Lp + VectorBinder.Offset(i.Op0Register);
        ulong* mask = &core.Lp->K[i.OpMask - Register.K0];
        int element = i.MemorySize.GetInfo().ElementSize, count = Count(i, i.Op0Register, element);
        for (int n = 0; n < count; n++)
        {
            if (((*mask >> n) & 1) == 0)
                continue;
            if (!core.TryReadVector(ElementAddress(core, i, n, element), element, Segment(i), dst + (n * element)))
                return false;
            *mask &= ~(1UL << n);
        }
        *mask = 0;
        new Span<byte>(dst + (count * element), 64 - (count * element)).Clear();
        return true;
    }

    /// <summary>VSCATTERxx, VPSCATTERxx.</summary>
    public static bool Scatter(Core core, in Instruction i)
    {
        byte* source = (byte*)core.Lp + VectorBinder.Offset(i.Op1Register);
        ulong* mask = &core.Lp->K[i.OpMask - Register.K0];
        int element = i.MemorySize.GetInfo().ElementSize, count = Count(i, i.Op1Register, element);
        for (int n = 0; n < count; n++)
        {
            if (((*mask >> n) & 1) == 0)
                continue;
            if (!core.TryWriteVector(ElementAddress(core, i, n, element), element, Segment(i), source + (n * element)))
                return false;
            *mask &= ~(1UL << n);
        }
        *mask = 0;
        return true;
    }

    /// <summary>VPCOMPRESSx, VCOMPRESSPx to memory: as many elements as are active.</summary>
    public static bool CompressStore(Core core, in Instruction i)
    {
        int element = i.MemorySize.GetInfo().ElementSize, count = i.Op1Register.GetSize() / element, to = 0;
        ulong mask = MaskOf(core, i);
        byte* source = (byte*)core.Lp + VectorBinder.Offset(i.Op1Register);
        byte* packed = stackalloc byte[64];
        for (int n = 0; n < count; n++)
            if (((mask >> n) & 1) != 0)
                new ReadOnlySpan<byte>(source + (n * element), element)
                    .CopyTo(new Span<byte>(packed + (to++ * element), element));
        return core.TryWriteElements(core.EffectiveAddress(i).Value, element, to, ulong.MaxValue, Segment(i), packed);
    }

    /// <summary>VPEXPANDx, VEXPANDPx from memory: as many elements as are active.</summary>
    public static bool ExpandLoad(Core core, in Instruction i)
    {
        int element = i.MemorySize.GetInfo().ElementSize, bytes = i.Op0Register.GetSize(), from = 0;
        ulong mask = MaskOf(core, i), address = core.EffectiveAddress(i).Value;
        byte* dst = (byte*)core.Lp + VectorBinder.Offset(i.Op0Register);
        byte* result = stackalloc byte[64];
        new Span<byte>(result, 64).Clear();
        if (!i.ZeroingMasking)
            new ReadOnlySpan<byte>(dst, bytes).CopyTo(new Span<byte>(result, bytes));
        for (int n = 0; n < bytes / element; n++)
            if (((mask >> n) & 1) != 0 && !core.TryReadVector(
                    address + (ulong)(from++ * element), element, Segment(i), result + (n * element)))
                return false;
        new ReadOnlySpan<byte>(result, 64).CopyTo(new Span<byte>(dst, 64));
        return true;
    }

    private static ulong MaskOf(Core core, in Instruction i) =>
        i.OpMask == Register.None ? ulong.MaxValue : core.Lp->K[i.OpMask - Register.K0];

    private static int Segment(in Instruction i) => Core.SegmentIndex(i.MemorySegment);

    /// <summary>As many elements as both the data register and the index register have.</summary>
    private static int Count(in Instruction i, Register data, int element) =>
        Math.Min(data.GetSize() / element, i.MemoryIndex.GetSize() / (i.IsVsib64 ? 8 : 4));

    private static ulong ElementAddress(Core core, in Instruction i, int n, int element)
    {
        byte* index = (byte*)core.Lp + VectorBinder.Offset(i.MemoryIndex);
        ulong offset = i.IsVsib64 ? ((ulong*)index)[n] : (ulong)((int*)index)[n];
        offset = (offset * (ulong)i.MemoryIndexScale) + i.MemoryDisplacement64;
        if (i.MemoryBase != Register.None)
            offset += core.ReadRegister(i.MemoryBase);
        if (core.VsibAddressBits(i) == 32)
            offset = (uint)offset;
        return Segmentation.Linear(core, Segment(i), offset, (uint)element);
    }

    private static ulong SignsOf(byte* value, int element, int count)
    {
        ulong mask = 0;
        for (int n = 0; n < count; n++)
            mask |= (ulong)(value[(n * element) + element - 1] >> 7) << n;
        return mask;
    }
}
