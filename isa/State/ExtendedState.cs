using System.Buffers.Binary;
using Seamsim.Isa.Models;
using Seamsim.Isa.Semantics.X87;

namespace Seamsim.Isa.State;

/// <summary>
/// The XSAVE-managed registers of a logical processor as XSAVE images see them: component by component.
/// SDM vol. 1, chapter 13.
/// </summary>
public sealed unsafe class ExtendedState
{
    /// <summary>Room for the components that no register field of <see cref="LogicalProcessor"/> stands for.</summary>
    internal const int OtherBytes = 10240;

    internal const ushort InitialFcw = 0x37F;
    internal const uint InitialMxcsr = 0x1F80;

    /// <summary>Bits of MXCSR that may be set. SDM vol. 1, 11.6.6: no processor of Intel has more.</summary>
    internal const uint MxcsrMask = 0xFFFF;

    private const int X87 = 0, Sse = 1, Avx = 2, Opmask = 5, ZmmHi256 = 6, Hi16Zmm = 7, Pkru = 9, CetU = 11, CetS = 12, MaxComponents = 63;
    private const int HeaderOffset = 512, X87Offset = 32, X87Bytes = 160, XmmOffset = 160, MxcsrOffset = 24;
    private const ulong Compacted = 1UL << 63;

    private const ulong InRegisterFields =
        1 << X87 | 1 << Sse | 1 << Avx | 1 << Opmask | 1 << ZmmHi256 | 1 << Hi16Zmm | 1 << Pkru
        | 1 << CetU | 1 << CetS;

    private readonly LogicalProcessor* lp;
    private readonly XsaveLayout layout;
    private readonly ulong all;

    /// <summary>The components a processor with <paramref name="layout"/> has, in the state at <paramref name="lp"/>.</summary>
    public ExtendedState(LogicalProcessor* lp, XsaveLayout layout)
    {
        this.lp = lp;
        this.layout = layout;
        all = 3;
        for (int i = 2; i < MaxComponents; i++)
            if (layout.SizeOf(i) != 0)
                all |= 1UL << i;
        if (layout.CompactedBytes(all & ~InRegisterFields) - XsaveLayout.HeaderEnd > OtherBytes)
            throw new InvalidDataException("the model's XSAVE components do not fit the state of a logical processor");
    }

    /// <summary>Where components lie in an XSAVE area.</summary>
    internal XsaveLayout Layout => layout;

    /// <summary>Components the model has.</summary>
    public ulong Components => all;

    /// <summary>Components that are not in their initial configuration (XINUSE).</summary>
    public ulong InUse
    {
        get
        {
            ulong inUse = 0;
            for (int i = 0; i < MaxComponents; i++)
                if (((all >> i) & 1) != 0 && !IsInitial(i))
                    inUse |= 1UL << i;
            return inUse;
        }
    }

    /// <summary>An XMM register, 0..15, its 128 bits.</summary>
    public Span<byte> Xmm(int register) => new((byte*)lp->Zmm + (64 * register), 16);

    /// <summary>Copies a component beyond x87 and SSE out, in the layout of its part of an XSAVE area.</summary>
    public void Read(int component, Span<byte> destination)
    {
        Registers registers = RegistersOf(component);
        ReadRegisters(registers, destination);
        destination[(registers.Count * registers.Bytes)..layout.SizeOf(component)].Clear();
    }

    /// <summary>Sets a component beyond x87 and SSE.</summary>
    public void Write(int component, ReadOnlySpan<byte> source) => WriteRegisters(RegistersOf(component), source);

    /// <summary>Puts components into their initial configuration.</summary>
    public void Initialise(ulong mask)
    {
        InitialiseRegisters(mask, mode64: true);
        if ((mask & 1 << Sse) != 0)
            lp->Mxcsr = InitialMxcsr;
    }

    /// <summary>Bytes of a component that an instruction in this mode saves or restores: 8 or 16 registers.</summary>
    internal int BytesOf(int component, bool mode64)
    {
        Registers registers = RegistersOf(component, mode64);
        return registers.Count * registers.Bytes;
    }

    /// <summary>Copies out what an instruction in this mode saves of a component, x87 apart.</summary>
    internal void Read(int component, Span<byte> destination, bool mode64) =>
        ReadRegisters(RegistersOf(component, mode64), destination);

    /// <summary>Sets what an instruction in this mode restores of a component, x87 apart.</summary>
    internal void Write(int component, ReadOnlySpan<byte> source, bool mode64) =>
        WriteRegisters(RegistersOf(component, mode64), source);

    /// <summary>
    /// As <see cref="Initialise"/> for the registers an instruction in this mode reaches; MXCSR stays as it is.
    /// </summary>
    internal void InitialiseRegisters(ulong mask, bool mode64)
    {
        for (int i = 1; i < MaxComponents; i++)
            if (((mask & all) >> i & 1) != 0)
                RegistersOf(i, mode64).Clear();
        if ((mask & 1 << X87) != 0)
            InitialiseX87();
    }

    /// <summary>XINUSE as an instruction in this mode sees it; MXCSR has no part in it. SDM vol. 1, 13.6.</summary>
    internal ulong InUseIn(bool mode64)
    {
        ulong inUse = IsInitial(X87) ? 0UL : 1;
        for (int i = 1; i < MaxComponents; i++)
            if (((all >> i) & 1) != 0 && !RegistersOf(i, mode64).AreZero)
                inUse |= 1UL << i;
        return inUse;
    }

    /// <summary>The bytes of a component that no register field stands for; null when the model does not have it.</summary>
    internal byte* Supervisor(int component) => ((all >> component) & 1) != 0 ? OtherComponent(component) : null;

    /// <summary>XSAVES into the image of a compacted area: XSTATE_BV, XCOMP_BV and the components in use.</summary>
    public void Save(Span<byte> image, ulong mask)
    {
        ulong saved = mask & InUse;
        if ((saved & 1 << X87) != 0)
            SaveX87(image);
        if ((saved & 1 << Sse) != 0)
            SaveSse(image);
        for (int i = 2; i < MaxComponents; i++)
            if (((saved >> i) & 1) != 0)
                Read(i, image.Slice(layout.CompactedOffset(mask, i), layout.SizeOf(i)));
        Span<byte> header = image.Slice(HeaderOffset, 64);
        header.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(header, saved);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], mask | Compacted);
    }

    /// <summary>XRSTORS from the image of a compacted area; false is #GP(0) for its header or its MXCSR.</summary>
    public bool TryRestore(ReadOnlySpan<byte> image, ulong mask, ulong enabled)
    {
        ReadOnlySpan<byte> header = image.Slice(HeaderOffset, 64);
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(header);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        ulong format = compaction & ~Compacted, restored = mask & present & all;
        if ((compaction & Compacted) == 0 || (format & ~enabled) != 0 || (present & ~format) != 0)
            return false;
        if (header[16..].ContainsAnyExcept((byte)0))
            return false;
        if ((restored & 1 << Sse) != 0 && (ReadMxcsr(image) & ~MxcsrMask) != 0)
            return false;
        if ((restored & 1 << X87) != 0)
            RestoreX87(image);
        if ((restored & 1 << Sse) != 0)
            RestoreSse(image);
        for (int i = 2; i < MaxComponents; i++)
            if (((restored >> i) & 1) != 0)
                Write(i, image.Slice(layout.CompactedOffset(format, i), layout.SizeOf(i)));
        Initialise(mask & ~present);
        return true;
    }

    /// <summary>The x87 part of the legacy region with 64-bit pointers; registers in stack order. SDM vol. 1, 13.4.1.</summary>
    internal void SaveX87(Span<byte> image)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(image, lp->Fcw);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], lp->Fsw);
        BinaryPrimitives.WriteUInt16LittleEndian(image[4..], lp->Ftw);
        BinaryPrimitives.WriteUInt16LittleEndian(image[6..], lp->Fop);
        BinaryPrimitives.WriteUInt64LittleEndian(image[8..], lp->Fip);
        BinaryPrimitives.WriteUInt64LittleEndian(image[16..], lp->Fdp);
        image[X87Offset..X87Bytes].Clear();
        for (int i = 0; i < 8; i++)
            StackRegister(i).CopyTo(image[(X87Offset + (16 * i))..]);
    }

    /// <summary>Sets the x87 registers from the legacy region; bits that follow from others are not taken from it.</summary>
    internal void RestoreX87(ReadOnlySpan<byte> image)
    {
        lp->Fcw = (ushort)((BinaryPrimitives.ReadUInt16LittleEndian(image) & X87Control.Defined) | X87Control.AlwaysSet);
        lp->Fsw = BinaryPrimitives.ReadUInt16LittleEndian(image[2..]);
        lp->Ftw = image[4];
        lp->Fop = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(image[6..]) & 0x7FF);
        lp->Fip = BinaryPrimitives.ReadUInt64LittleEndian(image[8..]);
        lp->Fdp = BinaryPrimitives.ReadUInt64LittleEndian(image[16..]);
        lp->Fcs = lp->Fds = 0;
        new X87Stack(lp).Summarise();
        for (int i = 0; i < 8; i++)
            image.Slice(X87Offset + (16 * i), 10).CopyTo(StackRegister(i));
    }

    private static uint ReadMxcsr(ReadOnlySpan<byte> image) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image[MxcsrOffset..]);

    private void SaveSse(Span<byte> image)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image[MxcsrOffset..], lp->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(image[(MxcsrOffset + 4)..], MxcsrMask);
        for (int i = 0; i < 16; i++)
            Xmm(i).CopyTo(image[(XmmOffset + (16 * i))..]);
    }

    private void RestoreSse(ReadOnlySpan<byte> image)
    {
        lp->Mxcsr = ReadMxcsr(image);
        for (int i = 0; i < 16; i++)
            image.Slice(XmmOffset + (16 * i), 16).CopyTo(Xmm(i));
    }

    private void InitialiseX87()
    {
        lp->Fcw = InitialFcw;
        lp->Fsw = lp->Fop = lp->Fcs = lp->Fds = 0;
        lp->Ftw = 0;
        lp->Fip = lp->Fdp = 0;
        new Span<ulong>(lp->St, 16).Clear();
    }

    private bool IsInitial(int component) => component switch
    {
        X87 => lp->Fcw == InitialFcw && (lp->Fsw | lp->Ftw | lp->Fop | lp->Fcs | lp->Fds) == 0
            && (lp->Fip | lp->Fdp) == 0 && !new Span<ulong>(lp->St, 16).ContainsAnyExcept(0UL),
        Sse => lp->Mxcsr == InitialMxcsr && RegistersOf(Sse).AreZero,
        _ => RegistersOf(component).AreZero,
    };

    /// <summary>The 80 bits of ST(<paramref name="i"/>).</summary>
    private Span<byte> StackRegister(int i) => new((byte*)lp->St + (16 * (((lp->Fsw >> 11) + i) & 7)), 10);

    private static void ReadRegisters(Registers registers, Span<byte> destination)
    {
        for (int i = 0; i < registers.Count; i++)
            registers[i].CopyTo(destination[(i * registers.Bytes)..]);
    }

    private static void WriteRegisters(Registers registers, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < registers.Count; i++)
            source.Slice(i * registers.Bytes, registers.Bytes).CopyTo(registers[i]);
    }

    /// <summary>Outside 64-bit mode there are eight vector registers. SDM vol. 1, 13.5.</summary>
    private Registers RegistersOf(int component, bool mode64) => (component, mode64) switch
    {
        (_, true)         => RegistersOf(component),
        (Sse, false)      => new Registers((byte*)lp->Zmm,      8, 16, 64),
        (Avx, false)      => new Registers((byte*)lp->Zmm + 16, 8, 16, 64),
        (ZmmHi256, false) => new Registers((byte*)lp->Zmm + 32, 8, 32, 64),
        (Hi16Zmm, false)  => default,
        _                 => RegistersOf(component),
    };

    private Registers RegistersOf(int component) => component switch
    {
        Sse      => new Registers((byte*)lp->Zmm,            16,   16, 64),
        Avx      => new Registers((byte*)lp->Zmm + 16,       16,   16, 64),
        ZmmHi256 => new Registers((byte*)lp->Zmm + 32,       16,   32, 64),
        Hi16Zmm  => new Registers((byte*)lp->Zmm + 16 * 64,   1, 1024, 0),
        Opmask   => new Registers((byte*)lp->K,               1,   64, 0),
        Pkru     => new Registers((byte*)&lp->Pkru,           1,    4, 0),
        CetU     => new Registers((byte*)&lp->UCet,           1,   16, 0),
        CetS     => new Registers((byte*)&lp->Pl0Ssp,         1,   24, 0),
        _        => new Registers(OtherComponent(component),  1, layout.SizeOf(component), 0),
    };

    private byte* OtherComponent(int component) =>
        lp->OtherComponents + layout.CompactedOffset(all & ~InRegisterFields, component) - XsaveLayout.HeaderEnd;

    /// <summary>Equal parts of registers that lie a stride apart.</summary>
    private readonly struct Registers(byte* first, int count, int bytes, int stride)
    {
        public int Count => count;

        public int Bytes => bytes;

        public Span<byte> this[int i] => new(first + (i * stride), bytes);

        public bool AreZero
        {
            get
            {
                for (int i = 0; i < count; i++)
                    if (this[i].ContainsAnyExcept((byte)0))
                        return false;
                return true;
            }
        }

        public void Clear()
        {
            for (int i = 0; i < count; i++)
                this[i].Clear();
        }
    }
}
