namespace Seamsim.Trace;

/// <summary>What encoder and decoder both know of one logical processor.</summary>
internal sealed class Lane(int lp)
{
    public int Lp { get; } = lp;

    public ulong Clock { get; set; }

    public TraceWorld World { get; set; }

    public ulong Space { get; set; }

    /// <summary>The block that executed last in this frame.</summary>
    public BlockModel? Last { get; set; }

    /// <summary>Something else has moved the clock since.</summary>
    public bool Moved { get; set; }

    /// <summary>The last data address in this frame.</summary>
    public ulong LastAddress { get; set; }

    /// <summary>The register file as far as it was recorded.</summary>
    public ulong[] Registers { get; } = new ulong[(int)RegisterId.End];

    /// <summary>Which registers were ever recorded; one bit each of the first 32, and a byte of words per vector register.</summary>
    public uint KnownRegisters { get; set; }

    public byte[] KnownVectors { get; } = new byte[32];

    /// <summary>The frame in which the whole register file was stated.</summary>
    public long RegistersFrame { get; set; } = -1;

    /// <summary>A frame begins: nothing that was learnt in another counts.</summary>
    public void Forget()
    {
        Last = null;
        Moved = false;
        LastAddress = 0;
    }
}
