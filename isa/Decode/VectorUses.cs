using Iced.Intel;

namespace Seamsim.Isa.Decode;

/// <summary>Which vector state an instruction uses, and what happens when it is not available.</summary>
internal static class VectorUses
{
    /// <summary>By encoding and operands; by name where all operands are implicit or memory.</summary>
    public static VectorUse Of(in Instruction instruction)
    {
        EncodingKind encoding = instruction.Code.Encoding();
        if (encoding == EncodingKind.EVEX)
            return VectorUse.Avx512;
        VectorUse used = VectorUse.None;
        for (int n = 0; n < instruction.OpCount; n++)
            if (instruction.GetOpKind(n) == OpKind.Register)
                used = Widest(used, instruction.GetOpRegister(n));
        if (used == VectorUse.None)
            used = OfName(instruction);
        if (encoding == EncodingKind.Legacy)
            return used;
        return used switch
        {
            VectorUse.None => VectorUse.Vex,
            VectorUse.Avx512 => VectorUse.Avx512,
            _ => VectorUse.Avx,
        };
    }

    /// <summary>The exception of an instruction in a mode; null: none. #UD comes before #NM.</summary>
    public static Vector? Refusal(VectorUse use, VectorMode mode)
    {
        bool emulation = (mode & VectorMode.Emulation) != 0;
        bool usable = use switch
        {
            VectorUse.Mmx => !emulation,
            VectorUse.Sse => !emulation && (mode & VectorMode.Sse) != 0,
            VectorUse.Vex => (mode & VectorMode.Vex) != 0,
            VectorUse.Avx => (mode & VectorMode.Vex) != 0 && (mode & VectorMode.Avx) != 0,
            VectorUse.Avx512 => (mode & VectorMode.Vex) != 0 && (mode & VectorMode.Avx512) != 0,
            _ => true,
        };
        if (!usable)
            return Vector.UD;
        if (use is VectorUse.None or VectorUse.Vex)
            return null;
        bool absent = (mode & VectorMode.TaskSwitched) != 0 || (use == VectorUse.X87 && emulation);
        return absent ? Vector.NM : null;
    }

    private static VectorUse Widest(VectorUse so, Register register)
    {
        VectorUse use = register switch
        {
            >= Register.XMM0 and <= Register.ZMM31 => VectorUse.Sse,
            >= Register.K0 and <= Register.K7 => VectorUse.Avx512,
            >= Register.MM0 and <= Register.MM7 => VectorUse.Mmx,
            >= Register.ST0 and <= Register.ST7 => VectorUse.X87,
            _ => VectorUse.None,
        };
        return use > so ? use : so;
    }

    private static VectorUse OfName(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Ldmxcsr or Mnemonic.Stmxcsr or Mnemonic.Vldmxcsr or Mnemonic.Vstmxcsr
                or Mnemonic.Vzeroupper or Mnemonic.Vzeroall or Mnemonic.Cvtss2si or Mnemonic.Cvttss2si
                or Mnemonic.Cvtsd2si or Mnemonic.Cvttsd2si or Mnemonic.Vcvtss2si or Mnemonic.Vcvttss2si
                or Mnemonic.Vcvtsd2si or Mnemonic.Vcvttsd2si:
                return VectorUse.Sse;
            case Mnemonic.Emms:
                return VectorUse.Mmx;
            case Mnemonic.Wait:
                return VectorUse.None; // CR0.MP takes part
        }
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
            if (feature is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 or CpuidFeature.FPU287XL_ONLY
                or CpuidFeature.FPU387SL_ONLY)
                return VectorUse.X87;
        return VectorUse.None;
    }
}
