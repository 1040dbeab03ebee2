using Iced.Intel;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.Semantics.Tiles;

namespace Seamsim.Isa.Decode;

/// <summary>General instructions that the run loop executes from their Iced form.</summary>
internal static class IntegerTable
{
    public static IEnumerable<KeyValuePair<Mnemonic, SystemHandler>> Rows => new Dictionary<Mnemonic, SystemHandler>
    {
        // decimal arithmetic
        [Mnemonic.Aaa]   = DecimalArithmetic.Aaa,
        [Mnemonic.Aas]   = DecimalArithmetic.Aas,
        [Mnemonic.Aam]   = DecimalArithmetic.Aam,
        [Mnemonic.Aad]   = DecimalArithmetic.Aad,
        [Mnemonic.Daa]   = DecimalArithmetic.Daa,
        [Mnemonic.Das]   = DecimalArithmetic.Das,
        [Mnemonic.Salc]  = DecimalArithmetic.Salc,
        [Mnemonic.Bound] = Irregular.Bound,
        // waiting
        [Mnemonic.Monitor]  = Waiting.Monitor,
        [Mnemonic.Mwait]    = Waiting.Mwait,
        [Mnemonic.Umonitor] = Waiting.Umonitor,
        [Mnemonic.Umwait]   = Waiting.Umwait,
        [Mnemonic.Tpause]   = Waiting.Tpause,
        // transactions
        [Mnemonic.Xbegin]    = Transactions.Xbegin,
        [Mnemonic.Xend]      = Transactions.Xend,
        [Mnemonic.Xtest]     = Transactions.Xtest,
        [Mnemonic.Xabort]    = Transactions.Nothing,
        [Mnemonic.Xsusldtrk] = Transactions.Nothing,
        [Mnemonic.Xresldtrk] = Transactions.Nothing,
        // extended state
        [Mnemonic.Fxsave]     = FxsaveInstructions.Fxsave,
        [Mnemonic.Fxsave64]   = FxsaveInstructions.Fxsave,
        [Mnemonic.Fxrstor]    = FxsaveInstructions.Fxrstor,
        [Mnemonic.Fxrstor64]  = FxsaveInstructions.Fxrstor,
        [Mnemonic.Xsave]      = XsaveInstructions.Xsave,
        [Mnemonic.Xsave64]    = XsaveInstructions.Xsave,
        [Mnemonic.Xsaveopt]   = XsaveInstructions.Xsaveopt,
        [Mnemonic.Xsaveopt64] = XsaveInstructions.Xsaveopt,
        [Mnemonic.Xsavec]     = XsaveInstructions.Xsavec,
        [Mnemonic.Xsavec64]   = XsaveInstructions.Xsavec,
        [Mnemonic.Xsaves]     = XsaveInstructions.Xsaves,
        [Mnemonic.Xsaves64]   = XsaveInstructions.Xsaves,
        [Mnemonic.Xrstor]     = XrstorInstructions.Xrstor,
        [Mnemonic.Xrstor64]   = XrstorInstructions.Xrstor,
        [Mnemonic.Xrstors]    = XrstorInstructions.Xrstors,
        [Mnemonic.Xrstors64]  = XrstorInstructions.Xrstors,
        // user interrupts
        [Mnemonic.Clui]     = UserInterrupts.Clui,
        [Mnemonic.Stui]     = UserInterrupts.Stui,
        [Mnemonic.Testui]   = UserInterrupts.Testui,
        [Mnemonic.Uiret]    = UserInterrupts.Uiret,
        [Mnemonic.Senduipi] = UserInterrupts.Senduipi,
        // tiles
        [Mnemonic.Ldtilecfg]   = TileMoves.Ldtilecfg,
        [Mnemonic.Sttilecfg]   = TileMoves.Sttilecfg,
        [Mnemonic.Tilerelease] = TileMoves.Tilerelease,
        [Mnemonic.Tilezero]    = TileMoves.Tilezero,
        [Mnemonic.Tileloadd]   = TileMoves.Tileloadd,
        [Mnemonic.Tileloaddt1] = TileMoves.Tileloadd,
        [Mnemonic.Tilestored]  = TileMoves.Tilestored,
        [Mnemonic.Tdpbssd]     = TileProducts.Tdpbssd,
        [Mnemonic.Tdpbsud]     = TileProducts.Tdpbsud,
        [Mnemonic.Tdpbusd]     = TileProducts.Tdpbusd,
        [Mnemonic.Tdpbuud]     = TileProducts.Tdpbuud,
        [Mnemonic.Tdpbf16ps]   = TileProducts.Tdpbf16ps,
        // enqueue stores, counters, tracing, safer mode, SMM
        [Mnemonic.Enqcmd]  = EnqueueStores.Enqcmd,
        [Mnemonic.Enqcmds] = EnqueueStores.Enqcmds,
        [Mnemonic.Rdpmc]   = Identification.Rdpmc,
        [Mnemonic.Ptwrite] = Irregular.Ptwrite,
        [Mnemonic.Getsec]  = Irregular.Getsec,
        [Mnemonic.Getsecq] = Irregular.Getsec,
        [Mnemonic.Rsm]     = SoftwareInterrupts.Ud, // there is no SMM to return from
    };
}
