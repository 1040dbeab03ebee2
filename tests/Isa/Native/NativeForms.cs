using Iced.Intel;

namespace Seamsim.Tests.Isa.Native;

/// <summary>Which forms run on the host, and why others do not.</summary>
internal static class NativeForms
{
    private static readonly Dictionary<string, Mnemonic[]> Excluded = new()
    {
        ["the result is the processor's own"] =
        [
            Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdtscp, Mnemonic.Rdrand, Mnemonic.Rdseed, Mnemonic.Rdpid,
            Mnemonic.Rdpmc, Mnemonic.Xgetbv, Mnemonic.Rdpkru, Mnemonic.Rdpru,
        ],
        ["it shows or changes what belongs to the operating system or the runtime"] =
        [
            Mnemonic.Sgdt, Mnemonic.Sidt, Mnemonic.Sldt, Mnemonic.Str, Mnemonic.Smsw, Mnemonic.Lar, Mnemonic.Lsl,
            Mnemonic.Verr, Mnemonic.Verw, Mnemonic.Rdfsbase, Mnemonic.Rdgsbase, Mnemonic.Wrfsbase, Mnemonic.Wrgsbase,
            Mnemonic.Wrpkru, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lss, Mnemonic.Rdsspd, Mnemonic.Rdsspq,
        ],
        ["it leaves the program"] =
        [
            Mnemonic.Syscall, Mnemonic.Sysenter, Mnemonic.Int, Mnemonic.Int1, Mnemonic.Int3, Mnemonic.Into, Mnemonic.Iret,
            Mnemonic.Iretd, Mnemonic.Iretq, Mnemonic.Retf, Mnemonic.Umwait, Mnemonic.Tpause, Mnemonic.Uiret,
        ],
        ["two instructions: FWAIT and the form without it"] =
        [
            Mnemonic.Fstenv, Mnemonic.Fstcw, Mnemonic.Feni, Mnemonic.Fdisi, Mnemonic.Fclex, Mnemonic.Finit,
            Mnemonic.Fsetpm, Mnemonic.Fsave, Mnemonic.Fstsw,
        ],
        ["needs a shadow stack; Modes/CetTests has its rows"] =
        [
            Mnemonic.Incsspd, Mnemonic.Incsspq, Mnemonic.Saveprevssp, Mnemonic.Rstorssp, Mnemonic.Wrssd, Mnemonic.Wrssq,
        ],
        ["FIP, FDP and FOP are the processor's own; Float/X87HostTests compares the rest"] = [Mnemonic.Fnstenv, Mnemonic.Fnsave],
        ["C1 is 0 in the manual and unchanged on AMD; Float/X87HostTests compares the rest"] =
            [Mnemonic.Fcomi, Mnemonic.Fcomip, Mnemonic.Fucomi, Mnemonic.Fucomip],
        ["an approximation that differs between vendors"] =
        [
            Mnemonic.Rcpps, Mnemonic.Rcpss, Mnemonic.Rsqrtps, Mnemonic.Rsqrtss, Mnemonic.Vrcpps, Mnemonic.Vrcpss,
            Mnemonic.Vrsqrtps, Mnemonic.Vrsqrtss, Mnemonic.Vrcp14pd, Mnemonic.Vrcp14ps, Mnemonic.Vrcp14sd,
            Mnemonic.Vrcp14ss, Mnemonic.Vrsqrt14pd, Mnemonic.Vrsqrt14ps, Mnemonic.Vrsqrt14sd, Mnemonic.Vrsqrt14ss,
            Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1,
            Mnemonic.Fyl2x, Mnemonic.Fyl2xp1,
        ],
    };

    private static readonly Dictionary<Mnemonic, string> Reasons =
        Excluded.SelectMany(pair => pair.Value.Select(mnemonic => (mnemonic, pair.Key)))
            .ToDictionary(pair => pair.mnemonic, pair => pair.Key);

    /// <summary>Every form of 64-bit user code.</summary>
    public static IEnumerable<OpCodeInfo> All => Enum.GetValues<Code>().Select(code => code.ToOpCode())
        .Where(form => form.IsInstruction && form.Mode64 && form.IntelDecoder64 && form.Cpl3 && form.Code != Code.INVALID);

    /// <summary>Why a form does not run on any host; null when it may.</summary>
    public static string? WhyNot(OpCodeInfo form)
    {
        if (Reasons.TryGetValue(form.Mnemonic, out string? reason))
            return reason;
        if (form.Code is Code.Reservednop_rm16_r16_0F0D or Code.Reservednop_rm32_r32_0F0D or Code.Reservednop_rm64_r64_0F0D)
            return "a reserved NOP on Intel processors, undefined on others";
        if (form.IsPrivileged || form.IsInputOutput)
            return "it needs privilege";
        for (int n = 0; n < form.OpCount; n++)
            switch (form.GetOpKind(n))
            {
                case OpCodeOperandKind.seg_reg or OpCodeOperandKind.es or OpCodeOperandKind.cs or OpCodeOperandKind.ss
                    or OpCodeOperandKind.ds or OpCodeOperandKind.fs or OpCodeOperandKind.gs:
                    return "the selectors are the operating system's";
                case OpCodeOperandKind.farbr2_2 or OpCodeOperandKind.farbr4_2:
                    return "it leaves the program";
            }
        if (form.Code is Code.Reservednop_rm16_r16_0F0D or Code.Reservednop_rm32_r32_0F0D or Code.Reservednop_rm64_r64_0F0D)
            return "a NOP on Intel's processors, undefined on AMD's";
        return IsFar(form.Code) ? "it leaves the program" : null;
    }

    private static bool IsFar(Code code) => code is Code.Jmp_m1616 or Code.Jmp_m1632 or Code.Jmp_m1664
        or Code.Call_m1616 or Code.Call_m1632 or Code.Call_m1664;
}
