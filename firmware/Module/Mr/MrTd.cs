using System.Buffers.Binary;
using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The build-time measurement of a TD: a SHA-384 whose running context lives in the TDCS.
/// TDX Module 1.5 base specification, "MRTD: Build-Time Measurement Register".
/// </summary>
/// <param name="Platform">The logical processor that hashes.</param>
/// <param name="Context">The context in the TDCS, under the TD's HKID.</param>
internal readonly record struct MrTd(ISeamPlatform Platform, Hpa Context)
{
    /// <summary>Bytes of memory one TDH.MR.EXTEND measures.</summary>
    public const int ChunkBytes = 256;

    private const int NameBytes = 16;

    /// <summary>TDH.MNG.INIT: nothing is measured yet.</summary>
    public void Start()
    {
        Span<byte> context = stackalloc byte[Sha384.ContextBytes];
        Sha384.Start(context);
        Platform.WriteBytes(Context, context);
    }

    /// <summary>TDH.MEM.PAGE.ADD: the page's GPA is measured, not its content.</summary>
    public void AddPage(Gpa gpa)
    {
        Span<byte> block = stackalloc byte[Sha384.BlockBytes];
        Describe(block, "MEM.PAGE.ADD"u8, gpa);
        Append(block);
    }

    /// <summary>TDH.MR.EXTEND: the chunk's GPA and its 256 bytes.</summary>
    public void ExtendChunk(Gpa gpa, Hpa chunk)
    {
        Span<byte> blocks = stackalloc byte[Sha384.BlockBytes + ChunkBytes];
        Describe(blocks[..Sha384.BlockBytes], "MR.EXTEND"u8, gpa);
        Platform.ReadBytes(chunk, blocks[Sha384.BlockBytes..]);
        Append(blocks);
    }

    /// <summary>TDH.MR.FINALIZE: the digest that becomes MRTD.</summary>
    public void Finish(Span<byte> digest)
    {
        Span<byte> context = stackalloc byte[Sha384.ContextBytes];
        Platform.ReadBytes(Context, context);
        Sha384.Finish(context, digest);
        Platform.Charge(Operation.HashBlock);
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        Span<byte> context = stackalloc byte[Sha384.ContextBytes];
        Platform.ReadBytes(Context, context);
        int blocks = Sha384.Append(context, data);
        Platform.WriteBytes(Context, context);
        Platform.Charge(Operation.HashBlock, blocks);
    }

    private static void Describe(Span<byte> block, ReadOnlySpan<byte> name, Gpa gpa)
    {
        block.Clear();
        name.CopyTo(block);
        BinaryPrimitives.WriteUInt64LittleEndian(block[NameBytes..], gpa.Value);
    }
}
