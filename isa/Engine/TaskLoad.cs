using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine;

/// <summary>
/// Loads the segments of a new task from its TSS. SDM vol. 3A, table 7-1. Selectors are visible from the start; a
/// segment whose descriptor is not good stays unusable.
/// </summary>
internal readonly unsafe ref struct TaskLoad(Core core, TaskState state, uint ext)
{
    private const int Cs = 1, Ss = 2, LdtType = 2;
    private readonly TaskState state = state;

    public bool TryRun()
    {
        LogicalProcessor* lp = core.Lp;
        int cpl = core.InVirtual8086 ? 3 : state.Selector(Cs) & 3;
        for (int segment = 0; segment < 6; segment++)
            (&lp->Es)[segment] = Unusable(state.Selector(segment), cpl);
        lp->Ldtr = Unusable(state.Ldt, 0);
        if (core.InVirtual8086)
            for (int segment = 0; segment < 6; segment++)
                (&lp->Es)[segment] = Segments8086.Of(state.Selector(segment));
        core.ModeChanged();
        if (!TryLoadLdt())
            return false;
        bool loaded = core.InVirtual8086 || (TryLoadCode(cpl) && TryLoadStack(cpl) && TryLoadData(cpl));
        core.ModeChanged();
        return loaded;
    }

    private static Segment Unusable(ushort selector, int cpl) =>
        new() { Selector = selector, AccessRights = SegmentBit.Unusable | ((uint)cpl << 5) };

    private bool TryLoadLdt()
    {
        ushort selector = state.Ldt;
        if ((selector & ~3) == 0)
            return true;
        if ((selector & 4) != 0)
            return Fail(Vector.TS, selector);
        if (!core.TryReadDescriptor(selector, out Descriptor d, Vector.TS, ext))
            return false;
        if (d.IsCodeOrData || d.Type != LdtType || !d.Present)
            return Fail(Vector.TS, selector);
        core.Lp->Ldtr = d.ToSegment(selector);
        return true;
    }

    private bool TryLoadCode(int cpl)
    {
        ushort selector = state.Selector(Cs);
        if (!TryRead(selector, out Descriptor d))
            return false;
        if (!d.IsCode || (d.IsConforming ? d.Dpl > cpl : d.Dpl != cpl))
            return Fail(Vector.TS, selector);
        if (!d.Present)
            return Fail(Vector.NP, selector);
        return TryLoad(Cs, selector, d);
    }

    private bool TryLoadStack(int cpl)
    {
        ushort selector = state.Selector(Ss);
        if (!TryRead(selector, out Descriptor d))
            return false;
        if (!d.IsWritable || d.Dpl != cpl || (selector & 3) != cpl)
            return Fail(Vector.TS, selector);
        if (!d.Present)
            return Fail(Vector.SS, selector);
        return TryLoad(Ss, selector, d);
    }

    private bool TryLoadData(int cpl)
    {
        foreach (int segment in (ReadOnlySpan<int>)[0, 3, 4, 5])
        {
            ushort selector = state.Selector(segment);
            if ((selector & ~3) == 0)
                continue;
            if (!TryRead(selector, out Descriptor d))
                return false;
            if (!d.IsReadable || (!d.IsConforming && d.Dpl < Math.Max(cpl, selector & 3)))
                return Fail(Vector.TS, selector);
            if (!d.Present)
                return Fail(Vector.NP, selector);
            if (!TryLoad(segment, selector, d))
                return false;
        }
        return true;
    }

    private bool TryRead(ushort selector, out Descriptor descriptor)
    {
        descriptor = default;
        return (selector & ~3) == 0
            ? Fail(Vector.TS, selector)
            : core.TryReadDescriptor(selector, out descriptor, Vector.TS, ext);
    }

    private bool TryLoad(int segment, ushort selector, in Descriptor descriptor)
    {
        if (!core.TryMarkDescriptor(selector, descriptor, descriptor.Type | 1))
            return false;
        Segment loaded = descriptor.ToSegment(selector);
        loaded.AccessRights |= SegmentBit.Accessed;
        (&core.Lp->Es)[segment] = loaded;
        return true;
    }

    private bool Fail(Vector vector, ushort selector)
    {
        core.Raise(vector, (uint)(selector & ~3) | ext);
        return false;
    }
}
