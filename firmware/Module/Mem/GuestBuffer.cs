using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Module;

/// <summary>
/// A buffer that a guest leaf reaches through the TD's EPTs, walked in software. The buffer lies in one page. When it
/// cannot be reached, <see cref="End"/> says how the leaf ends; the guest then executes TDCALL again.
/// TDX Module 1.5 base specification, "Guest-Side Memory Operands".
/// </summary>
internal readonly struct GuestBuffer
{
    // Exit qualification of EPT violations, SDM vol. 3C table 28-7.
    private const ulong DataRead = 1, DataWrite = 2;
    private const int RightsShift = 3;
    private const ulong Rwx = 0b111;
    private const ulong EptpAddress = 0x000F_FFFF_FFFF_F000;

    private GuestBuffer(Hpa address, GuestLeafEnd? end) => (Address, End) = (address, end);

    /// <summary>Where the buffer lies, with the KeyID to reach it by.</summary>
    public Hpa Address { get; }

    /// <summary>How the leaf ends when the buffer cannot be reached; null when it can.</summary>
    public GuestLeafEnd? End { get; }

    /// <summary>Translates a GPA operand.</summary>
    /// <param name="c">The TDCALL; the TD's VMCS is current.</param>
    /// <param name="gpa">The operand.</param>
    /// <param name="operand">Its operand id.</param>
    /// <param name="write">Whether the leaf will write.</param>
    /// <param name="privateOnly">Whether shared memory is refused.</param>
    public static GuestBuffer Map(GuestCall c, Gpa gpa, OperandId operand, bool write, bool privateOnly)
    {
        int sharedBit = TdSept.SharedBit(c.Tdcs);
        ulong above = gpa.Value >> sharedBit;
        if (above > 1 || (above == 1 && privateOnly))
            return Ended(GuestLeafEnd.Completed(TdxStatus.OperandInvalid.With(operand)));
        return above == 0 ? MapPrivate(c, gpa, write) : MapShared(c, gpa, sharedBit, write);
    }

    private static GuestBuffer MapPrivate(GuestCall c, Gpa gpa, bool write)
    {
        SeptSlot slot = TdSept.TreeOf(c.Call.P, c.Tdcs).Walk(gpa, 0);
        SeptEntry entry = slot.Entry;
        if (entry.IsLeaf && entry.IsPresent && (!write || entry.IsWritable))
        {
            ulong offset = gpa.Value & (GpaMapping.BytesAt(slot.Level) - 1);
            return new GuestBuffer(c.Tdr.Private(new Hpa(entry.PageAddress(slot.Level) + offset)), null);
        }
        ulong qualification = Access(write) | (entry.Raw & Rwx) << RightsShift;
        return Ended(PrivateEptViolation.Classify(c.Tdcs, entry, gpa, qualification));
    }

    private static GuestBuffer MapShared(GuestCall c, Gpa gpa, int sharedBit, bool write)
    {
        var root = new Hpa(c.Call.P.Vmread(VmcsField.SharedEptp) & EptpAddress);
        var inTree = new Gpa(gpa.Value & ~(1UL << sharedBit));
        SharedWalk walk = new SharedEpt(c.Call, root, c.Tdcs.TopSeptLevel).Walk(inTree, write);
        ulong qualification = Access(write) | walk.Rights << RightsShift;
        return walk.End switch
        {
            SharedWalkEnd.Violation   => Ended(GuestLeafEnd.EptViolationExit(gpa, qualification, 0)),
            SharedWalkEnd.ViolationVe => Ended(GuestLeafEnd.EptViolationVe(gpa, qualification)),
            SharedWalkEnd.Mapped      => new GuestBuffer(walk.Address, null),
            _                         => Ended(GuestLeafEnd.EptMisconfigurationExit(gpa)),
        };
    }

    private static ulong Access(bool write) => write ? DataWrite : DataRead;

    private static GuestBuffer Ended(GuestLeafEnd end) => new(default, end);
}
