using Seamsim.Isa;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>What a #VE tells the TD.</summary>
internal readonly record struct VeDetails
{
    /// <summary>Basic exit reason.</summary>
    public uint Reason { get; init; }

    /// <summary>Exit qualification.</summary>
    public ulong Qualification { get; init; }

    /// <summary>Guest-linear address.</summary>
    public ulong Gla { get; init; }

    /// <summary>Guest-physical address.</summary>
    public ulong Gpa { get; init; }

    /// <summary>Instruction length.</summary>
    public uint InstructionLength { get; init; }

    /// <summary>Instruction information.</summary>
    public uint InstructionInformation { get; init; }
}

/// <summary>
/// The #VE information area at the start of TDVPS: the processor writes it for #VEs of its own (SDM vol. 3C, 26.5.7.2),
/// the module for those it injects. TDX Module 1.5 ABI, "VE_INFO".
/// </summary>
internal readonly struct VeInfo(ISeamPlatform p, Tdvps tdvps)
{
    private const int ReasonOffset = 0x00, ValidOffset = 0x04, QualificationOffset = 0x08, GlaOffset = 0x10,
                      GpaOffset = 0x18, EptpIndexOffset = 0x20, LengthOffset = 0x24, InformationOffset = 0x28;

    private readonly Hpa at = tdvps.Tdvpr;

    /// <summary>Whether the TD has not fetched the information yet.</summary>
    public bool IsValid => p.Read<uint>(at + ValidOffset) != 0;

    /// <summary>Fills the area and marks it valid.</summary>
    public void Store(in VeDetails details, ushort eptpIndex)
    {
        p.Write(at + ReasonOffset, details.Reason);
        p.Write(at + QualificationOffset, details.Qualification);
        p.Write(at + GlaOffset, details.Gla);
        p.Write(at + GpaOffset, details.Gpa);
        p.Write(at + EptpIndexOffset, eptpIndex);
        p.Write(at + LengthOffset, details.InstructionLength);
        p.Write(at + InformationOffset, details.InstructionInformation);
        p.Write(at + ValidOffset, uint.MaxValue);
    }

    /// <summary>Reads the area and marks it free.</summary>
    public VeDetails Fetch()
    {
        VeDetails details = new()
        {
            Reason = p.Read<uint>(at + ReasonOffset),
            Qualification = p.Read<ulong>(at + QualificationOffset),
            Gla = p.Read<ulong>(at + GlaOffset),
            Gpa = p.Read<ulong>(at + GpaOffset),
            InstructionLength = p.Read<uint>(at + LengthOffset),
            InstructionInformation = p.Read<uint>(at + InformationOffset),
        };
        p.Write(at + ValidOffset, 0u);
        return details;
    }
}
