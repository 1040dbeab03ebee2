using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Semantics.Float;

namespace Seamsim.Tests.Isa.Float;

/// <summary>Random x87 states that meet corners more often than chance would.</summary>
internal static unsafe class X87Samples
{
    private const ulong DefinedFlags = 0x202;

    public static void Fill(X87Frame* frame, FloatSamples samples, in Instruction instruction)
    {
        Span<byte> image = new(frame->Before, 512);
        image.Clear();
        int masks = samples.Below(3) == 0 ? samples.Below(64) : 0x3F;
        int precision = samples.Below(2) == 0 ? 3 : samples.Below(4);
        int control = 0x40 | masks | precision << 8 | samples.Below(4) << 10;
        // no exception is pending when the instruction starts
        int status = (samples.Below(4) == 0 ? samples.Below(64) & masks : 0) | (samples.Below(64) & 0x47) << 8
            | samples.Below(8) << 11;
        int tags = samples.Below(4) switch { 0 => 0xFF, 1 => samples.Below(256), _ => 0x7F << ((status >> 11) & 7) };
        tags = (tags | tags >> 8) & 0xFF;
        if (samples.Below(4) != 0) // room for one more
            tags &= ~(1 << ((status >> 11) - 1 & 7));
        BinaryPrimitives.WriteUInt16LittleEndian(image, (ushort)control);
        BinaryPrimitives.WriteUInt16LittleEndian(image[2..], (ushort)status);
        image[4] = (byte)tags;
        BinaryPrimitives.WriteUInt32LittleEndian(image[24..], 0x1F80);
        for (int i = 0; i < 8; i++)
            Write(image[(32 + (16 * i))..], Extended(samples));
        frame->Rax = samples.Bits();
        frame->Rflags = DefinedFlags | (samples.Bits() & 0x8D5);
        FillMemory(new Span<byte>(frame->Memory, X87Frame.MemoryBytes), samples, instruction);
    }

    /// <summary>A number in the extended format, any encoding.</summary>
    public static Extended80 Extended(FloatSamples samples)
    {
        int kind = samples.Below(16);
        ulong low = samples.Below(4) switch
        {
            0 => samples.Bits(),
            1 => (ulong)samples.Below(4),
            2 => ulong.MaxValue - (ulong)samples.Below(4),
            _ => samples.Bits() << samples.Below(64),
        };
        int exponent = kind switch
        {
            0 or 1 => 0,
            2 or 3 => 0x7FFF,
            4 => samples.Below(80),
            5 => 0x7FFE - samples.Below(80),
            6 => samples.Below(0x8000),
            7 => 0x3FFF + samples.Below(80),
            _ => 0x3FFF + samples.Below(9) - 4,
        };
        bool normal = exponent != 0 && samples.Below(12) != 0;
        ulong significand = normal ? low | FloatValue.IntegerBit : low;
        if (samples.Below(16) == 0)
            significand = exponent == 0 ? 0 : FloatValue.IntegerBit;
        return new Extended80((ushort)(exponent | samples.Below(2) << 15), significand);
    }

    public static string Describe(X87Frame* frame)
    {
        ReadOnlySpan<byte> image = new(frame->Before, 512);
        string text = $"fcw={Convert.ToHexString(image[..2])} fsw={Convert.ToHexString(image[2..4])} ftw={image[4]:X2}";
        for (int i = 0; i < 3; i++)
        {
            ReadOnlySpan<byte> at = image[(32 + (16 * i))..];
            ulong significand = BinaryPrimitives.ReadUInt64LittleEndian(at);
            text += $" st{i}={BinaryPrimitives.ReadUInt16LittleEndian(at[8..]):X4}.{significand:X16}";
        }
        return $"{text} memory={Convert.ToHexString(new ReadOnlySpan<byte>(frame->Memory, 28))}";
    }

    private static void FillMemory(Span<byte> memory, FloatSamples samples, in Instruction instruction)
    {
        for (int i = 0; i < memory.Length; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(memory[i..], samples.Bits());
        switch (instruction.MemorySize)
        {
            case MemorySize.Float32:
                BinaryPrimitives.WriteUInt32LittleEndian(memory, (uint)samples.Next(FloatFormat.Binary32));
                break;
            case MemorySize.Float64:
                BinaryPrimitives.WriteUInt64LittleEndian(memory, samples.Next(FloatFormat.Binary64));
                break;
            case MemorySize.Float80:
                Write(memory, Extended(samples));
                break;
            case MemorySize.Bcd:
                for (int i = 0; i < 9; i++)
                    memory[i] = (byte)(samples.Below(10) << 4 | samples.Below(10));
                break;
        }
    }

    private static void Write(Span<byte> at, Extended80 value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, value.Significand);
        BinaryPrimitives.WriteUInt16LittleEndian(at[8..], value.SignExponent);
    }
}
