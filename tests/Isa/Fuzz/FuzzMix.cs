using System.Globalization;
using System.Text;
using Seamsim.Isa;

namespace Seamsim.Tests.Isa.Fuzz;

/// <summary>What random instructions there were, and how they ended.</summary>
internal sealed class FuzzMix
{
    private readonly long[] modes = new long[Enum.GetValues<FuzzMode>().Length], vectors = new long[256];

    /// <summary>Instructions the processors met: forms, and random bytes; how many of either retired.</summary>
    public long Forms, Bytes, FormsRetired, BytesRetired;

    public long Cases, Shutdowns;

    /// <summary>All instructions.</summary>
    public long Instructions => Forms + Bytes;

    public void Count(FuzzMode mode, bool isForm, bool retired)
    {
        modes[(int)mode]++;
        if (isForm)
            (Forms, FormsRetired) = (Forms + 1, FormsRetired + (retired ? 1 : 0));
        else
            (Bytes, BytesRetired) = (Bytes + 1, BytesRetired + (retired ? 1 : 0));
    }

    public void CountException(int vector) => vectors[vector]++;

    public void Add(FuzzMix other)
    {
        (Forms, Bytes, Cases) = (Forms + other.Forms, Bytes + other.Bytes, Cases + other.Cases);
        (FormsRetired, BytesRetired) = (FormsRetired + other.FormsRetired, BytesRetired + other.BytesRetired);
        Shutdowns += other.Shutdowns;
        for (int i = 0; i < modes.Length; i++)
            modes[i] += other.modes[i];
        for (int i = 0; i < vectors.Length; i++)
            vectors[i] += other.vectors[i];
    }

    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Instructions} instructions in {Cases} cases: ")
            .Append(CultureInfo.InvariantCulture, $"{Forms} forms ({Share(FormsRetired, Forms)} retired), ")
            .AppendLine(CultureInfo.InvariantCulture, $"{Bytes} of random bytes ({Share(BytesRetired, Bytes)} retired)");
        text.AppendLine("modes: " + string.Join(", ", Enum.GetValues<FuzzMode>()
            .Select(mode => $"{mode} {Share(modes[(int)mode], Instructions)}")));
        text.Append("exceptions: ").AppendJoin(", ", Enumerable.Range(0, 256).Where(v => vectors[v] > 0 && v < 32)
            .Select(v => $"#{(Vector)v} {Share(vectors[v], Instructions)}"));
        return text.Append(CultureInfo.InvariantCulture, $", shutdown {Share(Shutdowns, Instructions)}").ToString();
    }

    private static string Share(long part, long all) =>
        all == 0 ? "0 %" : (100m * part / all).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
