using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;
using Seamsim.Isa.Models;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Loader;

/// <content>SEAMLDR.INSTALL: called on every logical processor with the same operand; the last call does the work.</content>
public sealed partial class PSeamldr
{
    private const int PageBytes = 4096;

    private SeamldrStatus Install(ISeamPlatform p, Hpa operand)
    {
        if (!IsHostBuffer(p, operand, SeamldrParams.Size))
            return SeamldrStatus.EBadParam;
        byte[] parameters = new byte[SeamldrParams.Size];
        p.ReadBytes(operand, parameters);
        if (!AreWellFormed(p, parameters))
            return SeamldrStatus.EBadParam;

        PSeamldrRange own = PSeamldrRange.Of(p);
        if (own.Session(p) != SessionKind.Install)
            BeginInstall(p, own, parameters);
        if (own.HasCalled(p, p.LpIndex))
            return SeamldrStatus.EBadCall;
        if (!SameAsFirst(p, own, parameters))
            return SeamldrStatus.EBadParam;

        ReleaseTransferVmcs(p);
        if (own.NoteCall(p, p.LpIndex) < Lps(p))
            return SeamldrStatus.Success;
        own.EndSession(p);
        return InstallImage(p, own, parameters);
    }

    // P-SEAMLDR 1.5, INSTALL: version, scenario, reserved bytes, addresses.
    private static bool AreWellFormed(ISeamPlatform p, ReadOnlySpan<byte> parameters)
    {
        ulong pages = Qword(parameters, SeamldrParams.NumPages);
        if (Dword(parameters, SeamldrParams.Version) != 0
            || Dword(parameters, SeamldrParams.Scenario) > (uint)SeamldrScenario.Update
            || parameters[SeamldrParams.Reserved..SeamldrParams.NumPages].ContainsAnyExcept((byte)0)
            || pages is 0 or > SeamldrParams.MaxPages
            || !IsHostBuffer(p, new Hpa(Qword(parameters, SeamldrParams.SigStruct)), PageBytes))
            return false;
        for (ulong i = 0; i < pages; i++)
            if (!IsHostBuffer(p, PageOf(parameters, i), PageBytes))
                return false;
        return true;
    }

    // From the first call on the old module cannot be entered any more.
    private void BeginInstall(ISeamPlatform p, PSeamldrRange own, ReadOnlySpan<byte> parameters)
    {
        own.EndSession(p);
        own.SetSession(p, SessionKind.Install);
        p.WriteBytes(own.Params, parameters);
        TakeModuleOut(p);
        Extend(p, own, SeamMeasurement.Encode([], [], [], 0, seamReady: false, pSeamldrReady: true));
        p.Write(SysInfo(p) + SysInfoTable.SeamStatus, (ulong)SeamStatusValue.PSeamldrReady);
    }

    private static bool SameAsFirst(ISeamPlatform p, PSeamldrRange own, ReadOnlySpan<byte> parameters)
    {
        byte[] first = new byte[SeamldrParams.Size];
        p.ReadBytes(own.Params, first);
        return parameters.SequenceEqual(first);
    }

    private SeamldrStatus InstallImage(ISeamPlatform p, PSeamldrRange own, ReadOnlySpan<byte> parameters)
    {
        byte[] copy = new byte[SeamSigStruct.Size];
        p.ReadBytes(new Hpa(Qword(parameters, SeamldrParams.SigStruct)), copy);
        SigStruct sigStruct = new(copy);
        if (!sigStruct.IsWellFormed)                                       return SeamldrStatus.EBadSig;
        if (!SupportsEverySocket(p, sigStruct))                            return SeamldrStatus.EUnsupCpu;

        (ulong seamrr, ulong bytes) = PlatformRange.Of(p);
        ulong pages = Qword(parameters, SeamldrParams.NumPages);
        SeamRangeLayout layout = new(seamrr, bytes, (int)Lps(p), sigStruct.Needs(pages * PageBytes));
        if (!layout.Fits)                                                  return SeamldrStatus.ENoMem;
        bool update = Dword(parameters, SeamldrParams.Scenario) == (uint)SeamldrScenario.Update;
        if (update && !CanTakeOver(p, own, sigStruct, layout))             return SeamldrStatus.EBadHandoff;
        if (own.RemainingUpdates(p) == 0)                                  return SeamldrStatus.EUnspecErr;
        if (!p.TryRdrand(out ulong random) || !p.TryRdrand(out ulong canary)) return SeamldrStatus.ENoEntropy;

        Clear(p, layout, keepHandoff: update);
        byte[] image = CopyImage(p, layout, parameters);
        byte[] hash = SHA384.HashData(image);
        if (!sigStruct.SeamHash.SequenceEqual(hash))                       return SeamldrStatus.EBadHash;
        if (!ModulePayload.TryRead(image, out ModulePayload payload) || sigStruct.RipOffset >= (ulong)image.Length
            || payload.TdExitEntryOffset >= (ulong)image.Length
            || !modules.TryGetValue(payload.Module, out IManagedImage? module))
            return SeamldrStatus.EUnspecErr;

        ModuleSpace space = new(p, layout, aslr: (random & 0x7FFC) << 32);
        ulong cr3 = space.MapAll();
        space.WriteSysInfo(sigStruct, payload, canary);
        for (int lp = 0; lp < layout.AddressableLps; lp++)
            space.WriteTransferVmcs(lp, cr3, sigStruct);
        p.VmptrldTransferVmcs();
        code.Register(layout.Code + sigStruct.RipOffset, new ManagedEntry(ManagedEntryKind.Seamcall, module));
        code.Register(layout.Code + payload.TdExitEntryOffset, new ManagedEntry(ManagedEntryKind.TdExit, module));

        byte[] svn = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(svn, sigStruct.SeamSvn);
        Extend(p, own, SeamMeasurement.Encode(
            svn, hash, new byte[48], sigStruct.Attributes, seamReady: true, pSeamldrReady: true));
        own.SetRemainingUpdates(p, own.RemainingUpdates(p) - 1);
        own.SetHasModule(p, true);
        return SeamldrStatus.Success;
    }

    private static bool SupportsEverySocket(ISeamPlatform p, SigStruct sigStruct)
    {
        uint sockets = p.Read<uint>(SysInfo(p) + SysInfoTable.NumSockets);
        for (uint i = 0; i < sockets; i++)
            if (!sigStruct.Supports(p.Read<uint>(SysInfo(p) + SysInfoTable.SocketCpuid + 4 * i)))
                return false;
        return true;
    }

    // The handoff pages of the old module must be where the new one looks for them.
    private static bool CanTakeOver(ISeamPlatform p, PSeamldrRange own, SigStruct sigStruct, in SeamRangeLayout layout)
    {
        Hpa sysInfo = SysInfo(p);
        ushort oldHv = p.Read<ushort>(sysInfo + SysInfoTable.ModuleHv);
        return own.HasModule(p) && p.Read<ulong>(sysInfo + SysInfoTable.HandoffAddress) == layout.Handoff
            && p.Read<ulong>(sysInfo + SysInfoTable.HandoffBytes) <= layout.HandoffBytes
            && oldHv >= sigStruct.MinUpdateHv && (!sigStruct.NoDowngrade || oldHv <= sigStruct.ModuleHv);
    }

    private static void Clear(ISeamPlatform p, in SeamRangeLayout layout, bool keepHandoff)
    {
        for (ulong page = layout.Vmcss; page < layout.PSeamldr; page += PageBytes)
        {
            bool handoff = page >= layout.Handoff && page < layout.LocalData;
            if (!(handoff && keepHandoff))
                p.FillPage(new Hpa(page), 0);
        }
    }

    private static byte[] CopyImage(ISeamPlatform p, in SeamRangeLayout layout, ReadOnlySpan<byte> parameters)
    {
        int pages = (int)Qword(parameters, SeamldrParams.NumPages);
        byte[] image = new byte[pages * PageBytes];
        for (int i = 0; i < pages; i++)
            p.ReadBytes(PageOf(parameters, (ulong)i), image.AsSpan(i * PageBytes, PageBytes));
        p.WriteBytes(new Hpa(layout.Code), image);
        return image;
    }

    private static Hpa PageOf(ReadOnlySpan<byte> parameters, ulong index) =>
        new(Qword(parameters, SeamldrParams.Pages + 8 * (int)index));

    private static ulong Qword(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    private static uint Dword(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
