using System.Runtime.InteropServices;

namespace Seamsim.Isa.Paging;

/// <summary>
/// A slot of the software TLB: one linear page with what may be done to it without asking. A tag is the page's linear
/// address, or <see cref="None"/> when the access has to take the slow path.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct TlbEntry
{
    /// <summary>No page has this address: its low bits are not zero.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>Page that may be read.</summary>
    public ulong ReadTag;

    /// <summary>Page that may be written (and read): dirty, writable, no code on it.</summary>
    public ulong WriteTag;

    /// <summary>Host address minus linear address.</summary>
    public ulong Addend;

    /// <summary>Physical page with its KeyID, to find the slot again when the page changes.</summary>
    public ulong Physical;
}
