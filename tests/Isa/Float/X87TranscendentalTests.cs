using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Models;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.Semantics.X87;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;

namespace Seamsim.Tests.Isa.Float;

/// <summary>FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1.</summary>
public sealed unsafe class X87TranscendentalTests
{
    private const int Rounds = 3000;

    private static readonly Dictionary<Mnemonic, byte[]> Codes = new()
    {
        [Mnemonic.Fsin] = [0xD9, 0xFE], [Mnemonic.Fcos] = [0xD9, 0xFF], [Mnemonic.Fsincos] = [0xD9, 0xFB],
        [Mnemonic.Fptan] = [0xD9, 0xF2], [Mnemonic.Fpatan] = [0xD9, 0xF3], [Mnemonic.F2xm1] = [0xD9, 0xF0],
        [Mnemonic.Fyl2x] = [0xD9, 0xF1], [Mnemonic.Fyl2xp1] = [0xD9, 0xF9],
    };

    private static readonly XsaveLayout Layout = CpuModel.Load("sapphire-rapids", new CpuParameters()).Xsave;

    [Test]
    public void Results_are_correctly_rounded()
    {
        using EngineRig rig = new();
        foreach ((Mnemonic mnemonic, Extended80 st0, Extended80 st1, Extended80 expected) in X87ReferenceRows.Rows)
        {
            byte[] image = Image(st0, st1);
            Execute(rig, image, mnemonic);
            X87Stack st = new(rig.Lp);
            Assert.That(st[mnemonic == Mnemonic.Fptan ? 1 : 0], Is.EqualTo(expected), $"{mnemonic} {st0} {st1}");
        }
    }

    [Test]
    public void Operands_out_of_range_stay_and_set_C2()
    {
        using EngineRig rig = new();
        Extended80 large = new(0x3FFF + 63, FloatValue.IntegerBit);
        foreach (Mnemonic mnemonic in (Mnemonic[])[Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan])
        {
            Execute(rig, Image(large, large), mnemonic);
            Assert.That(new X87Stack(rig.Lp)[0], Is.EqualTo(large));
            Assert.That(rig.Lp->Fsw & X87Status.C2, Is.Not.Zero);
        }
    }

    [Test]
    public void The_host_agrees_within_a_unit_in_the_last_place(
        [Values(Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1,
            Mnemonic.Fyl2x, Mnemonic.Fyl2xp1)] Mnemonic mnemonic)
    {
        if (!HostVectorCode.IsAvailable)
            Assert.Ignore("needs Linux on x86-64");
        using HostX87Code host = new();
        using EngineRig rig = new();
        FloatSamples samples = new(20260305);
        byte[] mine = new byte[512];
        for (int round = 0; round < Rounds; round++)
        {
            byte[] image = Image(Operand(samples, mnemonic, first: true), Operand(samples, mnemonic, first: false));
            image.CopyTo(new Span<byte>(host.Frame->Before, 512));
            host.Frame->Rflags = 2;
            host.Run(Codes[mnemonic]);
            Execute(rig, image, mnemonic);
            new ExtendedState(rig.Lp, Layout).SaveX87(mine);
            Compare(mnemonic, image, mine, new Span<byte>(host.Frame->After, 512));
        }
    }

    private static void Compare(Mnemonic mnemonic, byte[] image, Span<byte> mine, Span<byte> real)
    {
        const int c1 = 2;
        string operands = $"{mnemonic} st0={Read(image, 0)} st1={Read(image, 1)}";
        Assert.That((mine[2], mine[3] & ~c1, mine[4]), Is.EqualTo((real[2], real[3] & ~c1, real[4])), operands);
        for (int i = 0; i < 8; i++)
        {
            Extended80 a = Read(mine, i), b = Read(real, i);
            long distance = (long)(a.Significand - b.Significand);
            if (a.BiasedExponent == b.BiasedExponent + 1 && b.Significand > a.Significand)
                distance = (long)(b.Significand << 1 >> 1 ^ (ulong)long.MaxValue); // next to a power of two
            Assert.That(Math.Abs(distance), Is.LessThanOrEqualTo(1), $"st{i}: {a} {b}: {operands}");
            Assert.That(a.Negative, Is.EqualTo(b.Negative), operands);
        }
    }

    private static Extended80 Operand(FloatSamples samples, Mnemonic mnemonic, bool first)
    {
        if (samples.Below(8) == 0)
            return X87Samples.Extended(samples) is { } any && IsInDomain(any, mnemonic, first) ? any : default;
        int exponent = mnemonic switch
        {
            Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan or Mnemonic.F2xm1 =>
                -1 - samples.Below(40),
            Mnemonic.Fyl2xp1 when first => -3 - samples.Below(40),
            _ => samples.Below(60) - 30,
        };
        int sign = mnemonic == Mnemonic.Fyl2x && first ? 0 : samples.Below(2) << 15;
        return new Extended80((ushort)(sign | (0x3FFF + exponent)), samples.Bits() | FloatValue.IntegerBit);
    }

    /// <summary>Special operands, but none that is large or outside what the manual defines.</summary>
    private static bool IsInDomain(Extended80 value, Mnemonic mnemonic, bool first)
    {
        FloatValue v = value.Unpack();
        bool small = !v.IsFinite || v.Exponent < -2;
        return mnemonic switch
        {
            Mnemonic.Fpatan or Mnemonic.Fyl2x => true,
            Mnemonic.Fyl2xp1 => !first || (small && !v.IsInfinity),
            _ => small,
        };
    }

    private static byte[] Image(Extended80 st0, Extended80 st1)
    {
        byte[] image = new byte[512];
        BinaryPrimitives.WriteUInt16LittleEndian(image, 0x37F);
        image[4] = 3;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(24), 0x1F80);
        Write(image.AsSpan(32), st0);
        Write(image.AsSpan(48), st1);
        return image;
    }

    private static void Execute(EngineRig rig, byte[] image, Mnemonic mnemonic)
    {
        rig.LoadAt(EngineRig.Code, [.. Codes[mnemonic], 0xF4]);
        new ExtendedState(rig.Lp, Layout).RestoreX87(image);
        rig.Lp->Rip = EngineRig.Code;
        rig.Lp->Activity = ActivityState.Active;
        rig.Run(1);
        Assert.That(rig.Lp->Rip, Is.EqualTo(EngineRig.Code + 2));
    }

    private static Extended80 Read(ReadOnlySpan<byte> image, int i) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(image[(40 + (16 * i))..]),
        BinaryPrimitives.ReadUInt64LittleEndian(image[(32 + (16 * i))..]));

    private static void Write(Span<byte> at, Extended80 value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at, value.Significand);
        BinaryPrimitives.WriteUInt16LittleEndian(at[8..], value.SignExponent);
    }
}
