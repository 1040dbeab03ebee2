namespace Seamsim.Timing.Blocks;

/// <summary>The largest mean weight of a cycle, exactly. R. M. Karp, Discrete Mathematics 23 (1978).</summary>
internal static class CycleRatio
{
    private const int Never = int.MinValue / 4;

    /// <summary>
    /// Of a graph whose entry [to][from] is a weight, or below half of the smallest integer for no edge.
    /// </summary>
    public static Ratio Of(int[][] graph)
    {
        int[] nodes = OnCycles(graph);
        int count = nodes.Length;
        if (count == 0)
            return Ratio.Zero;
        int[][] longest = new int[count + 1][];
        longest[0] = new int[count];
        for (int length = 1; length <= count; length++)
            longest[length] = Extend(graph, nodes, longest[length - 1]);
        Ratio most = Ratio.Zero;
        for (int v = 0; v < count; v++)
            if (longest[count][v] > Never && Least(longest, v) is { } mean)
                most = Ratio.Max(most, mean);
        return most;
    }

    private static int[] Extend(int[][] graph, int[] nodes, int[] before)
    {
        int[] after = new int[nodes.Length];
        for (int v = 0; v < nodes.Length; v++)
        {
            int best = Never;
            int[] into = graph[nodes[v]];
            for (int u = 0; u < nodes.Length; u++)
                if (before[u] > Never && into[nodes[u]] > Never)
                    best = Math.Max(best, before[u] + into[nodes[u]]);
            after[v] = best;
        }
        return after;
    }

    private static Ratio? Least(int[][] longest, int v)
    {
        int count = longest.Length - 1;
        Ratio? least = null;
        for (int k = 0; k < count; k++)
        {
            if (longest[k][v] <= Never)
                continue;
            Ratio mean = new(Math.Max(0, longest[count][v] - longest[k][v]), count - k);
            if (least is null || mean < least)
                least = mean;
        }
        return least;
    }

    /// <summary>Nodes that something enters and something leaves, again and again.</summary>
    private static int[] OnCycles(int[][] graph)
    {
        List<int> left = [.. Enumerable.Range(0, graph.Length)];
        for (int before = -1; before != left.Count;)
        {
            before = left.Count;
            left = left.FindAll(v => left.Exists(u => graph[v][u] > Never) && left.Exists(u => graph[u][v] > Never));
        }
        return [.. left];
    }
}
