using System.Buffers.Binary;
using System.Text;
using Seamsim.BareMetal;

namespace Seamsim.Loading;

/// <summary>
/// The information structure an image finds at EBX, and everything it points to, as one block of bytes. Multiboot
/// Specification 0.6.96, 3.3.
/// </summary>
internal static class MultibootInformation
{
    /// <summary>What boot_loader_name says.</summary>
    public const string LoaderName = "seamsim";

    private const int StructureBytes = 88, ModuleBytes = 16, MapEntryBytes = 24, Kibibyte = 1024;
    private const uint HasMemory = 1 << 0, HasCommandLine = 1 << 2, HasModules = 1 << 3, HasMap = 1 << 6,
        HasLoaderName = 1 << 9;
    private const int Flags = 0, MemoryLower = 4, MemoryUpper = 8, CommandLine = 16, ModuleCount = 20,
        ModuleAddress = 24, MapLength = 44, MapAddress = 48, LoaderNameAddress = 64;

    /// <summary>The block for an address.</summary>
    /// <param name="address">Where it will lie.</param>
    /// <param name="map">The machine's memory.</param>
    /// <param name="commandLine">The image's command line, its name in front.</param>
    /// <param name="modules">The modules and where they lie.</param>
    public static byte[] Build(
        uint address, PcMemoryMap map, string commandLine, IReadOnlyList<(MultibootModule Module, uint Start)> modules)
    {
        int modulesAt = StructureBytes, mapAt = modulesAt + (ModuleBytes * modules.Count);
        Block block = new(address, mapAt + (MapEntryBytes * map.Regions.Count));
        block.Put(Flags, HasMemory | HasCommandLine | HasModules | HasMap | HasLoaderName);
        block.Put(MemoryLower, (uint)(map.LowerBytes / Kibibyte));
        block.Put(MemoryUpper, (uint)(map.UpperBytes / Kibibyte));
        block.Put(CommandLine, block.Append(commandLine));
        block.Put(ModuleCount, (uint)modules.Count);
        block.Put(ModuleAddress, address + (uint)modulesAt);
        block.Put(MapLength, (uint)(MapEntryBytes * map.Regions.Count));
        block.Put(MapAddress, address + (uint)mapAt);
        block.Put(LoaderNameAddress, block.Append(LoaderName));
        foreach ((MultibootModule module, uint start) in modules)
        {
            block.Put(modulesAt, start);
            block.Put(modulesAt + 4, start + (uint)module.Bytes.Length);
            block.Put(modulesAt + 8, block.Append(module.Arguments));
            modulesAt += ModuleBytes;
        }
        foreach (PcMemoryRegion region in map.Regions)
        {
            block.Put(mapAt, MapEntryBytes - sizeof(uint)); // the size field does not count itself
            block.Put64(mapAt + 4, region.Base);
            block.Put64(mapAt + 12, region.Bytes);
            block.Put(mapAt + 20, (uint)region.Type);
            mapAt += MapEntryBytes;
        }
        return block.ToArray();
    }

    /// <summary>Fixed fields in front, strings behind.</summary>
    private sealed class Block(uint address, int fixedBytes)
    {
        private readonly List<byte> bytes = [.. new byte[fixedBytes]];

        public void Put(int at, uint value) =>
            BinaryPrimitives.WriteUInt32LittleEndian(
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes)[at..], value);

        public void Put64(int at, ulong value)
        {
            Put(at, (uint)value);
            Put(at + 4, (uint)(value >> 32));
        }

        /// <summary>Appends a string with its final zero and says where it lies.</summary>
        public uint Append(string text)
        {
            uint at = address + (uint)bytes.Count;
            bytes.AddRange(Encoding.UTF8.GetBytes(text));
            bytes.Add(0);
            return at;
        }

        public byte[] ToArray() => [.. bytes];
    }
}
