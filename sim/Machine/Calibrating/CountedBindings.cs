using Seamsim.Host.Kernel;
using Seamsim.Isa;

namespace Seamsim.Calibrating;

/// <summary>
/// Calls of the SERVTD leaves, whose instruction counts are published: no scenario binds a service TD. One TD under
/// construction is prebound, another one bound, to a TD that can run.
/// </summary>
internal static class CountedBindings
{
    private const int TdcsPages = 6;
    private const ulong HashOffset = 64;

    /// <summary>Makes them.</summary>
    /// <param name="machine">A platform that is READY.</param>
    /// <param name="service">The TDR page of a TD that can run.</param>
    public static void Make(Machine machine, ulong service)
    {
        Call(machine, "TDH.SERVTD.PREBIND", ("rcx", MakeTd(machine)), ("rdx", Pages(machine, 1) + HashOffset));
        Call(machine, "TDH.SERVTD.BIND", ("rcx", MakeTd(machine)), ("rdx", service));
    }

    // A TD with its TDCS pages; nothing is known of it yet.
    private static ulong MakeTd(Machine machine)
    {
        if (machine.Kernel.Tdx.KeyIds is not { } keys || !keys.TryAllocate(out KeyId key))
            throw new InvalidOperationException("no KeyID for a TD of the calibration");
        ulong tdr = Pages(machine, 1 + TdcsPages);
        Call(machine, "TDH.MNG.CREATE", ("rcx", tdr), ("rdx", key.Value));
        for (int package = 0; package < machine.Platform.Packages; package++)
            Call(machine, package * machine.Platform.LpsPerPackage, "TDH.MNG.KEY.CONFIG", ("rcx", tdr));
        for (ulong i = 1; i <= TdcsPages; i++)
            Call(machine, "TDH.MNG.ADDCX", ("rcx", tdr + i * PageAllocator.PageSize), ("rdx", tdr));
        return tdr;
    }

    private static ulong Pages(Machine machine, int count) =>
        machine.AllocatePages(count) ?? throw new InvalidOperationException("no memory for a TD of the calibration");

    private static void Call(Machine machine, string leaf, params IReadOnlyList<(string Name, ulong Value)> operands) =>
        Call(machine, 0, leaf, operands);

    private static void Call(
        Machine machine, int lp, string leaf, params IReadOnlyList<(string Name, ulong Value)> operands)
    {
        SeamcallAnswer answer = machine.Seamcall(lp, leaf, operands);
        if (!answer.Status.IsSuccess)
            throw new InvalidOperationException($"{leaf}: {answer.Status}");
    }
}
