using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>How a software walk of the shared EPT ended.</summary>
internal enum SharedWalkEnd : byte
{
    /// <summary>The access is allowed; the address is the byte's.</summary>
    Mapped,

    /// <summary>An entry has bits no walk accepts.</summary>
    Misconfiguration,

    /// <summary>The access is not allowed; suppress-#VE is set in the last entry.</summary>
    Violation,

    /// <summary>The access is not allowed; suppress-#VE is clear: the guest is told.</summary>
    ViolationVe,
}

/// <summary>Result of a walk of the shared EPT.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Address">The host-physical address when <see cref="SharedWalkEnd.Mapped"/>.</param>
/// <param name="Rights">R, W, X granted by all entries met.</param>
internal readonly record struct SharedWalk(SharedWalkEnd End, Hpa Address, ulong Rights);

/// <summary>
/// The shared EPT, which the host owns: the module walks it in software to reach a guest's shared buffer.
/// SDM vol. 3C, 29.3 "The extended page table mechanism".
/// </summary>
/// <remarks>
/// A table or page that is no valid shared address (private KeyID, SEAM range) counts as a misconfiguration: reading it
/// would let the host bring the module down.
/// </remarks>
/// <param name="Call">The call that walks.</param>
/// <param name="Root">Shared EPTP (VMCS field 0x203C), bits 51:12.</param>
/// <param name="TopLevel">3 with 4-level EPT, 4 with 5-level EPT: as in the private EPT.</param>
internal readonly record struct SharedEpt(LeafCall Call, Hpa Root, int TopLevel)
{
    private const ulong Read = 1, Write = 2, Execute = 4;
    private const ulong PageBytes = 4096;
    private const ulong Rights = Read | Write | Execute;
    private const ulong PageSize = 1 << 7;
    private const ulong SuppressVe = 1UL << 63;
    private const ulong Address = 0x000F_FFFF_FFFF_F000;

    /// <summary>Translates <paramref name="gpa"/> (shared bit removed) for a read or a write.</summary>
    public SharedWalk Walk(Gpa gpa, bool write)
    {
        ISeamPlatform p = Call.P;
        Hpa table = Root;
        ulong granted = Rights;
        for (int level = TopLevel; ; level--)
        {
            if (!SharedBuffer.IsValid(Call, table.Value, PageBytes))
                return new SharedWalk(SharedWalkEnd.Misconfiguration, default, 0);
            p.Charge(Operation.SeptWalkLevel);
            ulong entry = p.Read<ulong>(table + 8 * ((gpa.Value >> (12 + 9 * level)) & 511));
            bool present = (entry & Rights) != 0;
            bool leaf = level == 0 || (level <= 2 && (entry & PageSize) != 0);
            if (present && IsMisconfigured(entry, level, leaf))
                return new SharedWalk(SharedWalkEnd.Misconfiguration, default, 0);
            granted &= entry;
            if (!present || leaf)
                return Finish(entry, granted, gpa, level, write);
            table = new Hpa(entry & Address);
        }
    }

    private SharedWalk Finish(ulong entry, ulong granted, Gpa gpa, int level, bool write)
    {
        ulong needed = write ? Read | Write : Read;
        if ((granted & needed) != needed)
        {
            SharedWalkEnd end = (entry & SuppressVe) != 0 ? SharedWalkEnd.Violation : SharedWalkEnd.ViolationVe;
            return new SharedWalk(end, default, granted & Rights);
        }
        ulong offsetMask = GpaMapping.BytesAt(level) - 1;
        var address = new Hpa((entry & Address & ~offsetMask) | (gpa.Value & offsetMask));
        return SharedBuffer.IsValid(Call, address.Page.Value, PageBytes)
            ? new SharedWalk(SharedWalkEnd.Mapped, address, granted)
            : new SharedWalk(SharedWalkEnd.Misconfiguration, default, 0);
    }

    private static bool IsMisconfigured(ulong entry, int level, bool leaf)
    {
        if ((entry & (Read | Write)) == Write)
            return true;
        if (!leaf)
            return (entry & (level > 2 ? 0xF8UL : 0x78UL)) != 0;
        ulong type = (entry >> 3) & 7;
        return type is 2 or 3 or 7 || (entry & Address & (GpaMapping.BytesAt(level) - 1)) != 0;
    }
}
