namespace Seamsim.Isa.Probes;

/// <summary>Takes the full buffers of a <see cref="ProbeStream"/> and hands out empty ones.</summary>
public unsafe interface IProbeSink
{
    /// <summary>
    /// Takes <paramref name="words"/> words and returns room for <paramref name="capacity"/>; may wait. The first call
    /// brings nothing (null).
    /// </summary>
    ulong* Exchange(ulong* full, int words, out int capacity);
}
