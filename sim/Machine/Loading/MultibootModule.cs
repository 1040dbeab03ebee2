namespace Seamsim.Loading;

/// <summary>A file that is loaded with the image. Multiboot Specification 0.6.96, 3.3, mods_*.</summary>
/// <param name="Name">How messages name it.</param>
/// <param name="Bytes">Its content.</param>
/// <param name="Arguments">The string that goes with it.</param>
internal sealed record MultibootModule(string Name, byte[] Bytes, string Arguments);
