using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using ScottPlot;
using SkiaSharp;

namespace Seamsim.Plots;

/// <summary>
/// Inter (SIL Open Font License), carried in this program, so that plots look the same on every machine and on one
/// without fonts too. It is taken out of the resources of Avalonia.Fonts.Inter; no code of that assembly runs.
/// </summary>
internal sealed class PlotFont : IFontResolver
{
    /// <summary>Name of the family.</summary>
    public const string Family = "Inter";

    private const string Package = "Avalonia.Fonts.Inter.dll", Resources = "!AvaloniaResources";
    private static readonly Lazy<PlotFont> Registered = new(Register);
    private readonly SKTypeface regular, bold;

    private PlotFont(Dictionary<string, byte[]> files)
    {
        regular = Load(files, "Inter-Regular.ttf");
        bold = Load(files, "Inter-SemiBold.ttf");
    }

    /// <summary>Makes the family known to the plots of this process.</summary>
    public static void Use() => _ = Registered.Value;

    /// <summary>Width of a text in pixels.</summary>
    public static float WidthOf(string text, float size)
    {
        using SKFont font = new(Registered.Value.regular, size);
        return text.Split('\n').Max(line => font.MeasureText(line));
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Family ? (weight >= FontWeight.SemiBold ? bold : regular) : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        fontName == Family ? (bold ? this.bold : regular) : null;

    private static PlotFont Register()
    {
        PlotFont font = new(ReadFiles());
        Fonts.FontResolvers.Insert(0, font);
        Fonts.Default = Fonts.Sans = Family;
        return font;
    }

    private static SKTypeface Load(Dictionary<string, byte[]> files, string name) =>
        SKTypeface.FromData(SKData.CreateCopy(files[name])) ?? throw new InvalidOperationException($"{name} is no font");

    private static Dictionary<string, byte[]> ReadFiles()
    {
        using Stream package = typeof(PlotFont).Assembly.GetManifestResourceStream(Package)!;
        using PEReader image = new(package);
        MetadataReader metadata = image.GetMetadataReader();
        ManifestResource resource = metadata.ManifestResources.Select(metadata.GetManifestResource)
            .First(one => metadata.GetString(one.Name) == Resources);
        BlobReader reader = image.GetSectionData(image.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress)
            .GetReader((int)resource.Offset, sizeof(int));
        int bytes = reader.ReadInt32();
        return Unpack([.. image.GetSectionData(image.PEHeaders.CorHeader.ResourcesDirectory.RelativeVirtualAddress)
            .GetContent((int)resource.Offset + sizeof(int), bytes)]);
    }

    /// <summary>Length of the index; version, count, and path, offset and size of each; then the files.</summary>
    private static Dictionary<string, byte[]> Unpack(byte[] resources)
    {
        using BinaryReader reader = new(new MemoryStream(resources), Encoding.UTF8);
        int start = sizeof(int) + reader.ReadInt32();
        _ = reader.ReadInt32();
        Dictionary<string, byte[]> files = [];
        for (int count = reader.ReadInt32(); count > 0; count--)
        {
            string path = reader.ReadString();
            int offset = reader.ReadInt32(), size = reader.ReadInt32();
            files[Path.GetFileName(path)] = resources.AsSpan(start + offset, size).ToArray();
        }
        return files;
    }
}
