using Seamsim.Isa.Seam;
using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// What the rows need of a platform. SEAMCALLs, pages and host memory are all that a test of the ABI uses; the view is
/// for rows that spoil a lock word or a field behind the module's back.
/// </summary>
internal interface IConformanceTarget : IDisposable
{
    /// <summary>Logical processors.</summary>
    int LpCount { get; }

    /// <summary>The TDX-global HKID the target is configured with.</summary>
    ushort GlobalHkid { get; }

    /// <summary>The one TDMR: a gigabyte from here on.</summary>
    ulong TdmrBase { get; }

    /// <summary>An address outside every TDMR.</summary>
    ulong OutsideTdmr { get; }

    /// <summary>Entries of the convertible-memory list.</summary>
    ulong NumCmrs { get; }

    /// <summary>Package of a logical processor.</summary>
    int PackageOf(int lp);

    /// <summary>A private HKID other than the global one.</summary>
    ushort Hkid(int index);

    /// <summary>SEAMCALL with a whole RAX; all general registers afterwards.</summary>
    SeamcallResult Call(ulong rax, SeamcallOperands operands, int lp);

    /// <summary>A fresh free page that may be given to the module.</summary>
    ulong Page();

    /// <summary>A fresh zeroed page of the host's own.</summary>
    ulong HostPage();

    /// <summary>Stores bytes as the host.</summary>
    void WriteHost(ulong address, ReadOnlySpan<byte> bytes);

    /// <summary>Loads bytes as the host.</summary>
    byte[] ReadHost(ulong address, int count);

    /// <summary>TDMR_INFO of the TDMR as qwords, valid in every respect.</summary>
    ulong[] DefaultTdmr();

    /// <summary>TDH.SYS.TDMR.INIT until the whole TDMR is initialised.</summary>
    void InitialiseTdmr();

    /// <summary>Memory as the module sees it, with the KeyIDs in the addresses: the debug access of rows.</summary>
    ISeamPlatform View(int lp);

    /// <summary>Sets an MSR of a logical processor without asking it; false when the target cannot.</summary>
    bool TrySetMsr(int lp, uint msr, ulong value);
}
