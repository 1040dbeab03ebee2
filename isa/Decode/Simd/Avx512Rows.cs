using Seamsim.Isa.Semantics.Simd;
using static Iced.Intel.Mnemonic;

namespace Seamsim.Isa.Decode.Simd;

/// <summary>What only AVX-512 has: bits of elements, narrowing, compression. SDM vol. 2.</summary>
internal static class Avx512Rows
{
    public static readonly VectorRow[] Rows =
    [
        new(typeof(Move), Vpblendmb) { Element = 1, Merging = Merging.Source },
        new(typeof(Move), Vpblendmw) { Element = 2, Merging = Merging.Source },
        new(typeof(Move), Vpblendmd, Vblendmps) { Element = 4, Merging = Merging.Source },
        new(typeof(Move), Vpblendmq, Vblendmpd) { Element = 8, Merging = Merging.Source },
        new(typeof(LeadingZeros<uint>), Vplzcntd),
        new(typeof(LeadingZeros<ulong>), Vplzcntq),
        new(typeof(PopulationCount<byte>), Vpopcntb),
        new(typeof(PopulationCount<ushort>), Vpopcntw),
        new(typeof(PopulationCount<uint>), Vpopcntd),
        new(typeof(PopulationCount<ulong>), Vpopcntq),
        new(typeof(Conflicts<uint>), Vpconflictd) { IsMixing = true },
        new(typeof(Conflicts<ulong>), Vpconflictq) { IsMixing = true },
        new(typeof(MultiShift), Vpmultishiftqb) { Element = 1, IsMixing = true },
        new(typeof(MultiplyAdd52<LowHalf>), Vpmadd52luq),
        new(typeof(MultiplyAdd52<HighHalf>), Vpmadd52huq),
        new(typeof(ConcatenateLeft<ushort>), Vpshldw),
        new(typeof(ConcatenateLeft<uint>), Vpshldd),
        new(typeof(ConcatenateLeft<ulong>), Vpshldq),
        new(typeof(ConcatenateRight<ushort>), Vpshrdw),
        new(typeof(ConcatenateRight<uint>), Vpshrdd),
        new(typeof(ConcatenateRight<ulong>), Vpshrdq),
        new(typeof(ConcatenateLeftEach<ushort>), Vpshldvw),
        new(typeof(ConcatenateLeftEach<uint>), Vpshldvd),
        new(typeof(ConcatenateLeftEach<ulong>), Vpshldvq),
        new(typeof(ConcatenateRightEach<ushort>), Vpshrdvw),
        new(typeof(ConcatenateRightEach<uint>), Vpshrdvd),
        new(typeof(ConcatenateRightEach<ulong>), Vpshrdvq),
        new(typeof(Truncate<ushort, byte>), Vpmovwb) { Element = 1, SourceElement = 2 },
        new(typeof(Truncate<uint, byte>), Vpmovdb) { Element = 1, SourceElement = 4 },
        new(typeof(Truncate<uint, ushort>), Vpmovdw) { Element = 2, SourceElement = 4 },
        new(typeof(Truncate<ulong, byte>), Vpmovqb) { Element = 1, SourceElement = 8 },
        new(typeof(Truncate<ulong, ushort>), Vpmovqw) { Element = 2, SourceElement = 8 },
        new(typeof(Truncate<ulong, uint>), Vpmovqd) { Element = 4, SourceElement = 8 },
        new(typeof(Saturate<short, sbyte>), Vpmovswb) { Element = 1, SourceElement = 2 },
        new(typeof(Saturate<int, sbyte>), Vpmovsdb) { Element = 1, SourceElement = 4 },
        new(typeof(Saturate<int, short>), Vpmovsdw) { Element = 2, SourceElement = 4 },
        new(typeof(Saturate<long, sbyte>), Vpmovsqb) { Element = 1, SourceElement = 8 },
        new(typeof(Saturate<long, short>), Vpmovsqw) { Element = 2, SourceElement = 8 },
        new(typeof(Saturate<long, int>), Vpmovsqd) { Element = 4, SourceElement = 8 },
        new(typeof(Saturate<ushort, byte>), Vpmovuswb) { Element = 1, SourceElement = 2 },
        new(typeof(Saturate<uint, byte>), Vpmovusdb) { Element = 1, SourceElement = 4 },
        new(typeof(Saturate<uint, ushort>), Vpmovusdw) { Element = 2, SourceElement = 4 },
        new(typeof(Saturate<ulong, byte>), Vpmovusqb) { Element = 1, SourceElement = 8 },
        new(typeof(Saturate<ulong, ushort>), Vpmovusqw) { Element = 2, SourceElement = 8 },
        new(typeof(Saturate<ulong, uint>), Vpmovusqd) { Element = 4, SourceElement = 8 },
        new(typeof(Compress<byte>), Vpcompressb) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Compress<ushort>), Vpcompressw) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Compress<uint>), Vpcompressd, Vcompressps) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Compress<ulong>), Vpcompressq, Vcompresspd) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Expand<byte>), Vpexpandb) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Expand<ushort>), Vpexpandw) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Expand<uint>), Vpexpandd, Vexpandps) { Merging = Merging.Own, Only = Forms.Registers },
        new(typeof(Expand<ulong>), Vpexpandq, Vexpandpd) { Merging = Merging.Own, Only = Forms.Registers },
        new(null, Vpcompressb, Vpcompressw, Vpcompressd, Vpcompressq, Vcompressps, Vcompresspd)
            { Special = MaskedMemory.CompressStore },
        new(null, Vpexpandb, Vpexpandw, Vpexpandd, Vpexpandq, Vexpandps, Vexpandpd) { Special = MaskedMemory.ExpandLoad },
    ];
}
