using System.Globalization;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Integer;

/// <summary>
/// A row <c>mode | bytes | initial | final</c>: mode 16, 32 (compatibility mode) or 64, with u for CPL 3; state as
/// <c>rax=1 [0x200000]=2 oSzAPc</c>, where memory cells have 8 bytes and a capital flag letter is a set flag;
/// <c>#GP</c> as the final state is an exception, and whatever else is named then still has to hold.
/// </summary>
internal sealed unsafe class InstructionRow
{
    /// <summary>Where the code lies: 16-bit code reaches it.</summary>
    public const ulong Code = 0x9000;

    private const string FlagLetters = "OSZAPC";

    private static readonly string[] Registers =
    [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    ];

    private static readonly string[] Vectors =
    [
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC",
    ];

    private static readonly int[] FlagBits = [11, 7, 6, 4, 2, 0];

    private readonly string text, mode;
    private readonly byte[] bytes;
    private readonly string[] initial, final;

    public InstructionRow(string text)
    {
        this.text = text;
        string[] cells = text.Split('|', StringSplitOptions.TrimEntries);
        mode = cells[0];
        bytes = Convert.FromHexString(cells[1].Replace(" ", "", StringComparison.Ordinal));
        initial = cells[2].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        final = cells[3].Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs the row; returns what differs, or null.</summary>
    public string? Difference()
    {
        using EngineRig rig = new(user: mode.EndsWith('u'));
        Enter(rig);
        foreach (string item in initial)
            Set(rig, item);
        rig.LoadAt(Code, [.. bytes, 0x0F, 0x0B]); // UD2 behind it: an exception further on is not mistaken
        rig.Lp->Rip = Code;
        rig.Core.ModeChanged();
        rig.Run(1);
        bool faulted = rig.Lp->Rip >= EngineRig.Handlers && rig.Lp->Rip < EngineRig.Handlers + 0x1000;
        string? fault = faulted ? Vectors[(int)(rig.Lp->Rip - EngineRig.Handlers) / 16] : null;
        string? expected = final.FirstOrDefault(f => f.StartsWith('#'));
        if (fault != expected)
            return $"{text}: {fault ?? "no exception"}";
        foreach (string item in final)
            if (!item.StartsWith('#') && !Holds(rig, item, out string found))
                return $"{text}: {found}";
        return null;
    }

    private void Enter(EngineRig rig)
    {
        uint size = mode[..2] switch { "64" => SegmentFlags.Long, "32" => SegmentFlags.Big, _ => 0u };
        rig.Lp->Cs.AccessRights = (rig.Lp->Cs.AccessRights & ~(SegmentFlags.Long | SegmentFlags.Big)) | size;
        if (mode.StartsWith("16", StringComparison.Ordinal))
            rig.Lp->Ss.AccessRights &= ~SegmentFlags.Big;
        if (mode.StartsWith("16", StringComparison.Ordinal))
            rig.Lp->Gpr[4] = 0xF000;
    }

    private static void Set(EngineRig rig, string item)
    {
        if (!item.Contains('=', StringComparison.Ordinal))
        {
            rig.Core.Rflags = FlagsOf(item, rig.Core.Rflags);
            return;
        }
        (string name, ulong value) = Split(item);
        if (name.StartsWith('['))
            rig.Write(Number(name[1..^1]), value);
        else if (name == "cr4")
            rig.Lp->Cr4 |= value;
        else if (name == "df")
            rig.Core.Rflags |= value << 10;
        else if (name == "iopl")
            rig.Core.Rflags |= value << 12;
        else
            rig.Lp->Gpr[Array.IndexOf(Registers, name)] = value;
    }

    private bool Holds(EngineRig rig, string item, out string found)
    {
        if (!item.Contains('=', StringComparison.Ordinal))
        {
            ulong flags = rig.Core.Rflags;
            found = new string([.. FlagLetters.Select((c, i) => (flags >> FlagBits[i] & 1) != 0 ? c : char.ToLowerInvariant(c))]);
            return FlagsOf(item, flags) == flags;
        }
        (string name, ulong value) = Split(item);
        ulong actual = name == "rip" ? rig.Lp->Rip
            : name.StartsWith('[') ? rig.Read(Number(name[1..^1])) : rig.Lp->Gpr[Array.IndexOf(Registers, name)];
        found = $"{name}=0x{actual:X}";
        return actual == value;
    }

    private static ulong FlagsOf(string letters, ulong flags)
    {
        foreach (char letter in letters)
        {
            ulong bit = 1UL << FlagBits[FlagLetters.IndexOf(char.ToUpperInvariant(letter), StringComparison.Ordinal)];
            flags = char.IsUpper(letter) ? flags | bit : flags & ~bit;
        }
        return flags;
    }

    private static (string Name, ulong Value) Split(string item)
    {
        int at = item.IndexOf('=', StringComparison.Ordinal);
        return (item[..at], Number(item[(at + 1)..]));
    }

    private static ulong Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.Parse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
        : (ulong)long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static class SegmentFlags
    {
        public const uint Long = 1u << 13, Big = 1u << 14;
    }
}
