namespace Seamsim.Isa.Vmx;

/// <summary>
/// The eight segment registers of the guest-state area: their fields follow each other in the order ES, CS, SS, DS, FS,
/// GS, LDTR, TR with stride 2. SDM vol. 3D, appendix B.
/// </summary>
internal static class SegmentFields
{
    public const int Es = 0, Cs = 1, Ss = 2, Ds = 3, Fs = 4, Gs = 5, Ldtr = 6, Tr = 7, Count = 8;

    public static VmcsField Selector(int segment) => VmcsLayout.Following(VmcsField.GuestEsSelector, segment);

    public static VmcsField Limit(int segment) => VmcsLayout.Following(VmcsField.GuestEsLimit, segment);

    public static VmcsField Rights(int segment) => VmcsLayout.Following(VmcsField.GuestEsAccessRights, segment);

    public static VmcsField Base(int segment) => VmcsLayout.Following(VmcsField.GuestEsBase, segment);

    public static VmcsField HostSelector(int segment) => segment == Tr
        ? VmcsField.HostTrSelector
        : VmcsLayout.Following(VmcsField.HostEsSelector, segment);
}
