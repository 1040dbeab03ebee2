namespace Seamsim.Host.Guests;

/// <summary>Bytes a TD finds at a guest-physical address when it starts.</summary>
/// <param name="Gpa">First guest-physical address, 4-KiB aligned, shared bit clear.</param>
/// <param name="Bytes">Contents; the last page is filled up with zeros.</param>
/// <param name="Measured">Whether the contents go into MRTD.</param>
public sealed record GuestRegion(ulong Gpa, ReadOnlyMemory<byte> Bytes, bool Measured = true);

/// <summary>
/// What a TD starts with. The first instruction is the one at 0xFFFFFFF0, in 32-bit protected mode without paging, as
/// TDH.VP.INIT leaves a vCPU.
/// </summary>
/// <param name="Name">How the story calls it.</param>
/// <param name="Regions">Contents; regions do not overlap.</param>
public sealed record GuestImage(string Name, IReadOnlyList<GuestRegion> Regions);
