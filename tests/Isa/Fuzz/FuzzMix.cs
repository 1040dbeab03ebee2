using System.Globalization;
using System.Text;
using Seamsim.Isa;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>What random instructions there were, and how they ended.</summary>
internal sealed class FuzzMix
{
    private readonly long[] modes = new long[Enum.GetValues<FuzzMode>().Length], vectors = new long[256];

    /// <summary>Of the cases executed one by one: forms, random bytes and what lay where a jump went; and retired.</summary>
    public long Forms, Bytes, Elsewhere, FormsRetired, BytesRetired;

    /// <summary>Instructions of cases executed as blocks on both machines.</summary>
    public long InBlocks;

    public long Cases, Shutdowns;

    /// <summary>Instructions executed one by one.</summary>
    public long Steps => Forms + Bytes + Elsewhere;

    /// <summary>All instructions.</summary>
    public long Instructions => Steps + InBlocks;

    public void Count(FuzzMode mode, bool isForm, bool retired)
    {
        modes[(int)mode]++;
        if (isForm)
            (Forms, FormsRetired) = (Forms + 1, FormsRetired + (retired ? 1 : 0));
        else
            (Bytes, BytesRetired) = (Bytes + 1, BytesRetired + (retired ? 1 : 0));
    }

    public void CountElsewhere(FuzzMode mode)
    {
        modes[(int)mode]++;
        Elsewhere++;
    }

    public void CountBlocks(FuzzMode mode, long instructions)
    {
        modes[(int)mode] += instructions;
        InBlocks += instructions;
    }

    public void CountException(int vector) => vectors[vector]++;

    public void Add(FuzzMix other)
    {
        (Forms, Bytes, Elsewhere) = (Forms + other.Forms, Bytes + other.Bytes, Elsewhere + other.Elsewhere);
        (FormsRetired, BytesRetired) = (FormsRetired + other.FormsRetired, BytesRetired + other.BytesRetired);
        (InBlocks, Cases, Shutdowns) = (InBlocks + other.InBlocks, Cases + other.Cases, Shutdowns + other.Shutdowns);
        for (int i = 0; i < modes.Length; i++)
            modes[i] += other.modes[i];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] += other.vectors[i];
    }

    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Instructions} instructions in {Cases} cases, {InBlocks} of them as blocks twice, {Steps} one by one:");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Forms} forms ({Share(FormsRetired, Forms)} retired), {Bytes} of random bytes "
            + $"({Share(BytesRetired, Bytes)} retired), {Elsewhere} where a jump went");
        text.AppendLine("modes: " + string.Join(", ", Enum.GetValues<FuzzMode>()
            .Select(mode => $"{mode} {Share(modes[(int)mode], Instructions)}")));
        text.Append("exceptions one by one: ").AppendJoin(", ", Enumerable.Range(0, 256).Where(v => vectors[v] > 0 && v < 32)
            .Select(v => $"#{(Vector)v} {Share(vectors[v], Steps)}"));
        return text.Append(CultureInfo.InvariantCulture, $", shutdown {Share(Shutdowns, Steps)}").ToString();
    }

    private static string Share(long part, long all) =>
        all == 0 ? "0 %" : (100m * part / all).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
