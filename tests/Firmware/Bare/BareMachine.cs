using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;
using Seamsim.Isa.Memory;

namespace Seamsim.Tests.Firmware;

/// <summary>
/// Just enough of a platform to run the module's code without an engine: memory with keys, a SEAM range with its
/// SYSINFO page, and logical processors whose registers the tests set themselves.
/// </summary>
internal sealed class BareMachine : IDisposable
{
    /// <summary>The memory map: RAM from 0, the SEAM range at its top; TDMRs lie in the first gigabytes.</summary>
    public const ulong Gigabyte = 1UL << 30, RamBytes = 4 * Gigabyte, SeamBytes = 32UL << 20;

    private readonly BareLp[] lps;

    public BareMachine(int packages = 1, int lpsPerPackage = 2, ulong ramBytes = RamBytes)
    {
        Memory = new PhysicalMemory(Keys, [(0, ramBytes)], 1);
        SeamBase = ramBytes - SeamBytes;
        Layout = new SeamRangeLayout(SeamBase, SeamBytes, packages * lpsPerPackage, TdxModule.Needs);
        Memory.SetSeamRange(SeamBase, SeamBytes);
        lps = new BareLp[packages * lpsPerPackage];
        WriteSysInfo(packages);
        for (int i = 0; i < lps.Length; i++)
            lps[i] = new BareLp(this, i, i / lpsPerPackage, i % lpsPerPackage);
    }

    /// <summary>52 address bits, 6 of them KeyIDs; 31 MKTME and 32 private ones.</summary>
    public static KeyIdLayout Keys => new(52, 6, 31, 32);

    public PhysicalMemory Memory { get; }

    public ulong SeamBase { get; }

    public SeamRangeLayout Layout { get; }

    public IReadOnlyList<BareLp> Lps => lps;

    /// <summary>VMCS regions by address; their contents are no bytes here.</summary>
    public Dictionary<ulong, BareVmcs> Vmcss { get; } = [];

    /// <summary>TSC of every logical processor; each RDTSC moves it on.</summary>
    public ulong Tsc { get; set; } = 1_000_000;

    public T Read<T>(ulong address) where T : unmanaged => Memory.Read<T>(new Hpa(address), inSeam: true, out _);

    public void Write<T>(ulong address, T value) where T : unmanaged => Memory.Write(new Hpa(address), value,
        inSeam: true);

    public void WriteBytes(ulong address, ReadOnlySpan<byte> bytes) =>
        Memory.Write(new Hpa(address), bytes, inSeam: true);

    public byte[] ReadBytes(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        Memory.Read(new Hpa(address), bytes, inSeam: true);
        return bytes;
    }

    public void Dispose() => Memory.Dispose();

    // What MCHECK and the P-SEAMLDR leave behind.
    private void WriteSysInfo(int packages)
    {
        Memory.Fill(new Hpa(SeamBase), Layout.DataEnd - SeamBase, stackalloc byte[8], inSeam: true);
        Write(SeamBase + SysInfoTable.NumLps, (uint)lps.Length);
        Write(SeamBase + SysInfoTable.NumSockets, (uint)packages);
        for (int i = 0; i < packages; i++)
            Write(SeamBase + (ulong)(SysInfoTable.SocketCpuid + i * 4), 0x806F8u);
        Write(SeamBase + SysInfoTable.Smrr2NotSupported, (byte)1);
        Write(SeamBase + SysInfoTable.Cmr, 0UL);
        Write(SeamBase + SysInfoTable.Cmr + 8, SeamBase & ~(Gigabyte - 1));
        Write(SeamBase + SysInfoTable.NumTlsPages, (ulong)TdxModule.Needs.NumTlsPages);
        Write(SeamBase + SysInfoTable.NumHandoffPages, (ushort)TdxModule.Needs.NumHandoffPages);
        Write(SeamBase + SysInfoTable.HandoffAddress, Layout.Handoff);
        Write(SeamBase + SysInfoTable.HandoffBytes, Layout.HandoffBytes);
        Write(SeamBase + SysInfoTable.LocalDataAddress, Layout.LocalData);
        Write(SeamBase + SysInfoTable.LocalDataStride, Layout.LocalDataStride);
        Write(SeamBase + SysInfoTable.GlobalDataAddress, Layout.GlobalData);
        Write(SeamBase + SysInfoTable.GlobalDataBytes, Layout.GlobalDataBytes);
        Write(SeamBase + SysInfoTable.CodeRegionBase, SeamRangeLayout.LinearCode);
        Write(SeamBase + SysInfoTable.CodeAddress, Layout.Code);
        Write(SeamBase + SysInfoTable.TdExitEntryOffset, TdxModule.TdExitEntryOffset);
    }
}
