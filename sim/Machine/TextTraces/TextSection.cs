namespace Seamsim.TextTraces;

/// <summary>Where a section of a text trace runs.</summary>
public enum SectionWorld
{
    /// <summary>On the simulated host core, in VMX root operation outside SEAM, CPL 0.</summary>
    Host,

    /// <summary>In SEAM non-root operation: inside a trust domain.</summary>
    Td,
}

/// <summary>One line of code: an instruction, bytes or data.</summary>
/// <param name="Line">1-based line.</param>
/// <param name="Text">As it is written, without label and comment.</param>
/// <param name="Address">Where it stands.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="IsData">Whether it is a data directive.</param>
internal sealed record CodeLine(int Line, string Text, ulong Address, byte[] Bytes, bool IsData)
{
    /// <summary>What must happen while it executes.</summary>
    public List<EventExpectation> Events { get; } = [];

    /// <summary>The first address behind it.</summary>
    public ulong End => Address + (ulong)Bytes.Length;
}

/// <summary>Memory that is there when the section starts.</summary>
internal sealed record MemoryBlock(int Line, ulong Address, byte[] Bytes);

/// <summary>What a section says about the TD or the processor it wants.</summary>
internal sealed record SectionOptions
{
    /// <summary>Name of the TD.</summary>
    public string Name { get; init; } = "td";

    /// <summary>Logical processor of a host section.</summary>
    public int Lp { get; init; }

    /// <summary>Guest-physical address width of a TD.</summary>
    public int Gpaw { get; init; } = 48;

    /// <summary>ATTRIBUTES of a TD.</summary>
    public ulong Attributes { get; init; } = 1UL << 28;

    /// <summary>XFAM of a TD.</summary>
    public ulong Xfam { get; init; } = 3;
}

/// <summary>A section: code at its addresses, what is there before, and what must be so on the way.</summary>
public sealed class TextSection
{
    internal TextSection(SectionWorld world, int line, SectionOptions options) =>
        (World, Line, Options) = (world, line, options);

    /// <summary>Where it runs.</summary>
    public SectionWorld World { get; }

    /// <summary>1-based line of its header.</summary>
    public int Line { get; }

    /// <summary>How reports call it: <c>host</c> or the TD's name.</summary>
    public string Name => World == SectionWorld.Host ? "host" : Options.Name;

    /// <summary>The address of the first instruction.</summary>
    public ulong Origin { get; internal set; } = Layout.DefaultOrigin;

    internal SectionOptions Options { get; }

    internal List<CodeLine> Code { get; } = [];

    internal List<MemoryBlock> Memory { get; } = [];

    internal List<(RegisterField Register, TextValue Value)> Registers { get; } = [];

    /// <summary>What must be so when control reaches an address.</summary>
    internal SortedDictionary<ulong, List<StateExpectation>> Marks { get; } = [];

    internal Func<string, ulong> Labels { get; set; } = _ => 0;

    internal ulong End => Code.Count == 0 ? Origin : Code[^1].End;

    /// <summary>The line an address belongs to, or null.</summary>
    internal CodeLine? At(ulong address)
    {
        int low = 0, high = Code.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (address < Code[middle].Address)
                high = middle - 1;
            else if (address >= Code[middle].End)
                low = middle + 1;
            else
                return Code[middle];
        }
        return null;
    }
}
