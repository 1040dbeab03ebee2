using Seamsim.Firmware.Abi;

namespace Seamsim.Modules;

/// <summary>An overlay as its file holds it.</summary>
/// <param name="Overlay">The changes.</param>
/// <param name="Title">What it is about, in words.</param>
/// <param name="Hypothetical">Whether no real module is like this.</param>
internal sealed record OverlayFile(ModuleOverlay Overlay, string Title, bool Hypothetical);
