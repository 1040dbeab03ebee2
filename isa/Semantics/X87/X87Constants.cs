using Iced.Intel;
using Seamsim.Isa.Semantics.Float;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics.X87;

/// <summary>
/// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ. The constants have more bits than the format and are rounded by
/// RC. SDM vol. 1, 8.3.8; the digits follow from the definitions of the constants.
/// </summary>
internal static class X87Constants
{
    private readonly record struct Row(int Exponent, ulong High, ulong Low);

    public static Outcome Load(Core core, in Instruction i, X87Stack st)
    {
        if (i.Mnemonic == Mnemonic.Fldz)
            return st.PushOrOverflow(default);
        Row row = i.Mnemonic switch
        {
            Mnemonic.Fld1   => new(0,  0x8000000000000000, 0),
            Mnemonic.Fldl2t => new(1,  0xD49A784BCD1B8AFE, 0x492BF6FF4DAFDB4C),
            Mnemonic.Fldl2e => new(0,  0xB8AA3B295C17F0BB, 0xBE87FED0691D3E88),
            Mnemonic.Fldpi  => new(1,  0xC90FDAA22168C234, 0xC4C6628B80DC1CD1),
            Mnemonic.Fldlg2 => new(-2, 0x9A209A84FBCFF798, 0x8F8959AC0B7C9178),
            _               => new(-1, 0xB17217F7D1CF79AB, 0xC9E3B39803F2F6AF),
        };
        FloatEnvironment env = FloatEnvironment.Quiet;
        env.Rounding = st.Environment().Rounding;
        FloatValue value = FloatRounding.Round(
            false, row.Exponent, new UInt128(row.High, row.Low), FloatFormat.Extended, ref env);
        return st.PushOrOverflow(Extended80.Pack(value));
    }
}
