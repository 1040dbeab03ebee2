using Seamsim.Host.Kvm.Uapi;

namespace Seamsim.Host.Kvm;

/// <content>TDG.VP.VMCALL MapGPA: pages change between private and shared, 2 MiB at a time.</content>
public sealed partial class VcpuTdx
{
    private const ulong MapGpaChunk = 2UL << 20, Encrypted = 1UL << 4, LongMode = 1;
    private (ulong Next, ulong End)? mapGpa;

    private bool MapGpaExits => (vm.ExitHypercalls >> (int)KvmUapi.HypercallMapGpaRange & 1) != 0;

    private Next MapGpa()
    {
        ulong gpa = registers.R12, size = registers.R13;
        if (!MapGpaExits)
            return Answer(Ghci.SubFuncUnsupported);
        registers.R11 = gpa;
        ulong last = gpa + size - 1;
        if (size == 0 || last < gpa || !IsLegalGpa(gpa) || !IsLegalGpa(last)
            || vm.IsPrivateGpa(gpa) != vm.IsPrivateGpa(last))
            return Answer(Ghci.InvalidOperand);
        if (((gpa | size) & 0xFFF) != 0)
            return Answer(Ghci.AlignError);
        mapGpa = (gpa, gpa + size);
        return NextChunk();
    }

    private Next NextChunk()
    {
        (ulong start, ulong end) = mapGpa!.Value;
        ulong bytes = Math.Min(end - start, MapGpaChunk);
        RunPage.Begin(KvmExit.Hypercall);
        PutHypercall(vm.StripShared(start), bytes >> 12, vm.IsPrivateGpa(start) ? Encrypted : 0);
        return ToUser(KvmExit.Hypercall, () => ChunkDone(start, start + bytes, end));
    }

    private void ChunkDone(ulong start, ulong next, ulong end)
    {
        mapGpa = null;
        if (RunPage.U64(KvmRunOffsets.HypercallRet) != 0)
        {
            registers.R11 = start;
            Answer(Ghci.InvalidOperand);
        }
        else if (next >= end)
        {
            Answer(Ghci.Success);
        }
        else if (InterruptPosted || nmiPending)
        {
            registers.R11 = next;
            Answer(Ghci.Retry);
        }
        else
        {
            mapGpa = (next, end);
        }
    }

    private void PutHypercall(ulong gpa, ulong pages, ulong attributes)
    {
        RunPage.Put64(KvmRunOffsets.HypercallNr, KvmUapi.HypercallMapGpaRange);
        RunPage.Put64(KvmRunOffsets.HypercallArgs, gpa);
        RunPage.Put64(KvmRunOffsets.HypercallArgs + 8, pages);
        RunPage.Put64(KvmRunOffsets.HypercallArgs + 16, attributes);
        RunPage.Put64(KvmRunOffsets.HypercallFlags, LongMode);
    }
}
