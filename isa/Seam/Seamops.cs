using System.Buffers.Binary;
using System.Security.Cryptography;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Models;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Seam;

/// <summary>Leaves of SEAMOPS.</summary>
public enum SeamopsLeaf : uint
{
#pragma warning disable CS1591 // named after the manual's leaves
    Capabilities = 0, Report = 1, SeamdbGetref = 4, SeamdbReport = 5, VerifyReport = 6,
#pragma warning restore CS1591
}

/// <summary>RAX of SEAMOPS. Success is architectural; the numbers of the failures are assumed.</summary>
public enum SeamopsStatus : uint
{
#pragma warning disable CS1591 // the names say it
    Success = 0, InvalidLeaf = 1, InvalidOperand = 2, InvalidReportMac = 3, InvalidCpuSvn = 4,
#pragma warning restore CS1591
}

/// <summary>
/// SEAMOPS — reports that only the processor can sign. TDX CPU Architectural Extensions, "SEAMOPS"; layouts:
/// REPORTMACSTRUCT and TEE_TCB_INFO of the TDX Module 1.5 ABI.
/// </summary>
/// <param name="core">The logical processor.</param>
internal readonly struct Seamops(Core core)
{
    private const ulong Supported = 1 << 0 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6;
    private const int TcbInfoBytes = 239, MacOffset = 224;

    /// <summary>Sizes of REPORTMACSTRUCT, of what a report leaf writes, and of its inputs.</summary>
    public const int MacStructBytes = 256, ReportBytes = 512, HashBytes = 48, DataBytes = 64;

    /// <summary>Which fields of TEE_TCB_INFO are filled: SVN, MRSEAM, MRSIGNERSEAM, ATTRIBUTES.</summary>
    private const ulong TcbInfoValid = 0x301FF;

    /// <summary>Executes a leaf; memory operands are RCX, RDX and R8, the report type is R9.</summary>
    public SeamopsResult Execute(ulong leaf, Hpa rcx, Hpa rdx, Hpa r8, ulong r9, in SeamdbReference reference)
    {
        if (IsReport(leaf))
        {
            if (!Knows(leaf, reference))
                return new SeamopsResult { Rax = (ulong)SeamopsStatus.InvalidOperand };
            Span<byte> data = stackalloc byte[DataBytes], hash = stackalloc byte[HashBytes];
            Span<byte> report = stackalloc byte[ReportBytes];
            core.Memory.Read(rdx, data, inSeam: true);
            core.Memory.Read(r8, hash, inSeam: true);
            ulong status = Report(rcx.Value, rdx.Value, data, hash, (uint)r9, report);
            if (status == 0)
                core.Memory.Write(rcx, report, inSeam: true);
            return new SeamopsResult { Rax = status };
        }
        if (leaf != (ulong)SeamopsLeaf.VerifyReport)
            return WithoutMemory(leaf);
        Span<byte> macStruct = stackalloc byte[MacStructBytes];
        core.Memory.Read(rcx, macStruct, inSeam: true);
        return new SeamopsResult { Rax = Verify(macStruct) };
    }

    /// <summary>SEAMREPORT and SEAMDB_REPORT.</summary>
    public static bool IsReport(ulong leaf) =>
        leaf is (ulong)SeamopsLeaf.Report or (ulong)SeamopsLeaf.SeamdbReport;

    /// <summary>
    /// SEAMDB_REPORT only reports for an entry of the data base; the only one is the running module's. SEAMREPORT takes
    /// no reference.
    /// </summary>
    public bool Knows(ulong leaf, in SeamdbReference reference)
    {
        if (leaf != (ulong)SeamopsLeaf.SeamdbReport)
            return true;
        SeamopsResult r = Reference();
        return reference == new SeamdbReference(r.R10, r.R11, r.R12, r.R13, r.R14);
    }

    /// <summary>Leaves without memory operands, and numbers that are no leaf.</summary>
    public SeamopsResult WithoutMemory(ulong leaf) => leaf switch
    {
        (ulong)SeamopsLeaf.Capabilities => new SeamopsResult { Rax = Supported },
        (ulong)SeamopsLeaf.SeamdbGetref => Reference(),
        _ => new SeamopsResult { Rax = (ulong)SeamopsStatus.InvalidLeaf },
    };

    /// <summary>REPORTMACSTRUCT and TEE_TCB_INFO; returns RAX.</summary>
    public ulong Report(
        ulong output, ulong dataAddress, ReadOnlySpan<byte> data, ReadOnlySpan<byte> teeInfoHash, uint type,
        Span<byte> report)
    {
        if ((output & 255) != 0 || (dataAddress & 63) != 0)
            return (ulong)SeamopsStatus.InvalidOperand;
        report.Clear();
        Span<byte> tcbInfo = report[MacStructBytes..];
        DescribeTcb(tcbInfo);
        BinaryPrimitives.WriteUInt32LittleEndian(report, type);
        CpuSvn(report[16..32]);
        SHA384.HashData(tcbInfo[..TcbInfoBytes], report[32..80]);
        teeInfoHash.CopyTo(report[80..]);
        data.CopyTo(report[128..]);
        core.Uncore.SeamShared.Mac(report[..MacOffset]).CopyTo(report[MacOffset..]);
        return (ulong)SeamopsStatus.Success;
    }

    /// <summary>
    /// The running SEAM software's entry: index in R10, nonce in R11..R14, size of the data base in R15.
    /// </summary>
    private SeamopsResult Reference()
    {
        Span<byte> nonce = stackalloc byte[HashBytes];
        SHA384.HashData(core.Uncore.Seam.MrSeam, nonce);
        return new SeamopsResult
        {
            R10 = 0,
            R11 = BinaryPrimitives.ReadUInt64LittleEndian(nonce),
            R12 = BinaryPrimitives.ReadUInt64LittleEndian(nonce[8..]),
            R13 = BinaryPrimitives.ReadUInt64LittleEndian(nonce[16..]),
            R14 = BinaryPrimitives.ReadUInt64LittleEndian(nonce[24..]),
            R15 = 1,
        };
    }

    /// <summary>SEAMVERIFYREPORT of a REPORTMACSTRUCT; returns RAX.</summary>
    public ulong Verify(ReadOnlySpan<byte> report)
    {
        bool genuine = CryptographicOperations.FixedTimeEquals(
            core.Uncore.SeamShared.Mac(report[..MacOffset]), report.Slice(MacOffset, MacStructBytes - MacOffset));
        if (!genuine)
            return (ulong)SeamopsStatus.InvalidReportMac;
        Span<byte> svn = stackalloc byte[16];
        CpuSvn(svn);
        return (ulong)(svn.SequenceEqual(report[16..32]) ? SeamopsStatus.Success : SeamopsStatus.InvalidCpuSvn);
    }

    private void DescribeTcb(Span<byte> info)
    {
        SeamMeasurement seam = core.Uncore.Seam;
        BinaryPrimitives.WriteUInt64LittleEndian(info, TcbInfoValid);
        seam.TeeTcbSvn.CopyTo(info[8..]);
        seam.MrSeam.CopyTo(info[24..]);
        seam.MrSignerSeam.CopyTo(info[72..]);
        BinaryPrimitives.WriteUInt64LittleEndian(info[120..], seam.Attributes);
    }

    // The model's patch level stands for the SVN of CPU and microcode.
    private void CpuSvn(Span<byte> svn)
    {
        svn.Clear();
        core.TryRdmsr(Vmx.Msr.MicrocodeSignature, out ulong revision);
        BinaryPrimitives.WriteUInt32LittleEndian(svn, (uint)(revision >> 32));
    }
}
