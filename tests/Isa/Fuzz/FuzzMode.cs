namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>Operating modes a case starts in.</summary>
internal enum FuzzMode
{
    Real, Virtual8086, Protected16, Protected32, Compatibility16, Compatibility32, Long64,
}
