using Seamsim.Firmware.Abi;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// One SEAMCALL on its way through the module: the platform it runs on, the tables of the module's version, the
/// module's data, and the caller's general registers by name.
/// </summary>
internal readonly struct LeafCall(ISeamPlatform platform, ModuleRules rules)
{
    private const int VersionShift = 16;

    /// <summary>The machine as software in SEAM root sees it.</summary>
    public ISeamPlatform P { get; } = platform;

    /// <summary>The rules of this module version.</summary>
    public ModuleRules Rules { get; } = rules;

    /// <summary>The ABI's tables of this module version.</summary>
    public ModuleTables Tables => Rules.Tables;

    /// <summary>The module's data in the SEAM range.</summary>
    public ModuleData Data { get; } = ModuleData.Of(platform);

    /// <summary>RAX[15:0] of the call.</summary>
    public int Leaf { get; } = (int)(platform.Gpr(0) & 0xFFFF);

    /// <summary>RAX[23:16] of the call.</summary>
    public int Version { get; } = (int)(platform.Gpr(0) >> VersionShift & 0xFF);

#pragma warning disable CS1591 // registers
    public ulong Rax { get => P.Gpr(0); set => P.Gpr(0) = value; }
    public ulong Rcx { get => P.Gpr(1); set => P.Gpr(1) = value; }
    public ulong Rdx { get => P.Gpr(2); set => P.Gpr(2) = value; }
    public ulong R8  { get => P.Gpr(8); set => P.Gpr(8) = value; }
    public ulong R9  { get => P.Gpr(9); set => P.Gpr(9) = value; }
    public ulong R10 { get => P.Gpr(10); set => P.Gpr(10) = value; }
    public ulong R11 { get => P.Gpr(11); set => P.Gpr(11) = value; }
    public ulong R12 { get => P.Gpr(12); set => P.Gpr(12) = value; }
    public ulong R13 { get => P.Gpr(13); set => P.Gpr(13) = value; }
#pragma warning restore CS1591
}
