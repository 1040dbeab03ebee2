namespace Seamsim.TextTraces.Assembling;

/// <summary>Operand sizes by name.</summary>
internal static class SizeNames
{
    private static readonly (string Name, int Bytes)[] Sizes =
    [
        ("byte", 1), ("word", 2), ("dword", 4), ("fword", 6), ("qword", 8), ("mmword", 8), ("tbyte", 10),
        ("oword", 16), ("xmmword", 16), ("ymmword", 32), ("zmmword", 64),
        ("mem384", 48), ("mem512", 64), ("fpuenv14", 14), ("fpuenv28", 28), ("fpustate94", 94), ("fpustate108", 108),
    ];

    /// <summary>Bytes of a size, or 0.</summary>
    public static int Find(string name)
    {
        foreach ((string candidate, int bytes) in Sizes)
            if (candidate.Equals(name, StringComparison.OrdinalIgnoreCase))
                return bytes;
        return 0;
    }
}
