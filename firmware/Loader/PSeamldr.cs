using System.Buffers.Binary;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Vmx;

namespace Seamsim.Firmware.Loader;

/// <summary>
/// The persistent SEAM loader in C#: SEAMCALL with RAX[63] = 1. P-SEAMLDR interface specification 1.5. It remembers
/// nothing itself; see <see cref="PSeamldrRange"/>.
/// </summary>
/// <param name="code">Where entries of the modules it installs are registered.</param>
/// <param name="modules">The managed modules an image may name.</param>
public sealed partial class PSeamldr(ManagedCode code, IReadOnlyDictionary<string, IManagedImage> modules)
    : IManagedImage
{
    private const int Rax = 0, Rcx = 1;
    private const ulong SeamcallBytes = 4;
    private const uint SeamExtendMsr = 0x1402, BuildDate = 0x20240222;
    private const ulong LeafBit = 1UL << 63;

    /// <inheritdoc/>
    public SeamEnd OnSeamcall(ISeamPlatform platform)
    {
        platform.Charge(Operation.LeafDispatch);
        platform.Mark(LeafPhase.Checks);
        ulong operand = platform.Gpr(Rcx);
        SeamldrStatus status = (platform.Gpr(Rax) & ~LeafBit) switch
        {
            0 => Info(platform, new Hpa(operand)),
            1 => Install(platform, new Hpa(operand)),
            2 => Shutdown(platform),
            3 => SeamInfo(platform, new Hpa(operand)),
            _ => SeamldrStatus.EBadParam, // assumed for a leaf that does not exist
        };
        platform.Mark(LeafPhase.Exit);
        platform.Gpr(Rax) = (ulong)status;
        platform.Vmwrite(VmcsField.GuestRip, platform.Vmread(VmcsField.GuestRip) + SeamcallBytes);
        return SeamEnd.SeamRet;
    }

    /// <summary>The P-SEAMLDR enters no guests: an exit here is a broken platform.</summary>
    public SeamEnd OnTdExit(ISeamPlatform platform) => SeamEnd.Shutdown;

    /// <summary>SEAMLDR.INFO: what the loader is and what it has loaded.</summary>
    private static SeamldrStatus Info(ISeamPlatform p, Hpa buffer)
    {
        if (!IsHostBuffer(p, buffer, SeamldrInfo.Size))
            return SeamldrStatus.EBadParam;

        PSeamldrRange own = PSeamldrRange.Of(p);
        byte[] info = new byte[SeamldrInfo.Size];
        Span<byte> extend = stackalloc byte[SeamMeasurement.StructBytes];
        p.ReadBytes(own.SeamExtend, extend);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(SeamldrInfo.VendorId), 0x8086);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(SeamldrInfo.BuildDate), BuildDate);
        BinaryPrimitives.WriteUInt16LittleEndian(info.AsSpan(SeamldrInfo.Major), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(info.AsSpan(SeamldrInfo.Minor), 5);
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(SeamldrInfo.AcmX2ApicId), own.LoaderId(p));
        BinaryPrimitives.WriteUInt32LittleEndian(info.AsSpan(SeamldrInfo.NumRemainingUpdates), own.RemainingUpdates(p));
        extend[..128].CopyTo(info.AsSpan(SeamldrInfo.SeamInfo));
        extend[128..131].CopyTo(info.AsSpan(SeamldrInfo.SeamReady));
        p.WriteBytes(buffer, info);
        return SeamldrStatus.Success;
    }

    /// <summary>SEAMLDR.SEAMINFO: the platform as MCHECK found it.</summary>
    private static SeamldrStatus SeamInfo(ISeamPlatform p, Hpa buffer)
    {
        if (!IsHostBuffer(p, buffer, SeamldrSeamInfo.Size))
            return SeamldrStatus.EBadParam;

        byte[] info = new byte[SeamldrSeamInfo.Size];
        p.ReadBytes(new Hpa(PlatformRange.Of(p).Base), info);
        BinaryPrimitives.WriteUInt64LittleEndian(info.AsSpan(SeamldrSeamInfo.PSeamldrRangeBase), PSeamldrRange.Of(p).Start);
        BinaryPrimitives.WriteUInt64LittleEndian(
            info.AsSpan(SeamldrSeamInfo.PSeamldrRangeSize), SeamRangeLayout.PSeamldrRangeBytes);
        p.WriteBytes(buffer, info);
        return SeamldrStatus.Success;
    }

    /// <summary>
    /// SEAMLDR.SHUTDOWN: on every logical processor; the last one takes module and loader out of service.
    /// </summary>
    private SeamldrStatus Shutdown(ISeamPlatform p)
    {
        PSeamldrRange own = PSeamldrRange.Of(p);
        if (own.Session(p) != SessionKind.Shutdown)
        {
            own.EndSession(p);
            own.SetSession(p, SessionKind.Shutdown);
        }
        if (own.HasCalled(p, p.LpIndex))
            return SeamldrStatus.EBadCall;

        ReleaseTransferVmcs(p);
        if (own.NoteCall(p, p.LpIndex) < Lps(p))
            return SeamldrStatus.Success;
        own.EndSession(p);
        TakeModuleOut(p);
        Extend(p, own, new byte[SeamMeasurement.StructBytes]);
        p.Write(SysInfo(p) + SysInfoTable.SeamStatus, (ulong)SeamStatusValue.NotLoaded);
        return SeamldrStatus.Success;
    }

    /// <summary>An aligned buffer in host memory: no KeyID bits, and outside the SEAM range.</summary>
    private static bool IsHostBuffer(ISeamPlatform p, Hpa buffer, ulong bytes)
    {
        (ulong seamrr, ulong seamBytes) = PlatformRange.Of(p);
        return (buffer.Value & (bytes - 1)) == 0 && p.Keys.LineOf(buffer) == buffer.Value
            && buffer.Value - seamrr >= seamBytes;
    }

    private static Hpa SysInfo(ISeamPlatform p) => new(PlatformRange.Of(p).Base);

    private static uint Lps(ISeamPlatform p) => p.Read<uint>(SysInfo(p) + SysInfoTable.NumLps);

    // A logical processor that still had its SEAM VMCS active could write stale data over the next module's.
    private static void ReleaseTransferVmcs(ISeamPlatform p) =>
        p.Vmclear(SysInfo(p) + 0x1000UL * (ulong)(1 + p.LpIndex));

    private void TakeModuleOut(ISeamPlatform p)
    {
        (ulong seamrr, ulong bytes) = PlatformRange.Of(p);
        code.Remove(seamrr, bytes - SeamRangeLayout.PSeamldrRangeBytes);
    }

    private static void Extend(ISeamPlatform p, PSeamldrRange own, ReadOnlySpan<byte> structure)
    {
        p.WriteBytes(own.SeamExtend, structure);
        p.TryWrmsr(SeamExtendMsr, own.SeamExtend.Value);
    }
}
