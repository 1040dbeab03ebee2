using Seamsim.Tests.Firmware;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// What a conformance fixture needs of a platform: SEAMCALLs and host memory. <see cref="ModulePlatform"/> runs the C#
/// module; another implementation runs another module.
/// </summary>
internal interface IConformanceTarget : IDisposable
{
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
}
