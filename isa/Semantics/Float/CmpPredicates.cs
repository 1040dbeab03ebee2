namespace Seamsim.Isa.Semantics.Float;

/// <summary>The comparison predicates of CMPPD, CMPPS, CMPSD, CMPSS. SDM vol. 2A, "CMPPD", table 3-1.</summary>
internal static class CmpPredicates
{
    private const byte Less = 1, Equal = 2, Greater = 4, Unordered = 8, Signalling = 16;

    // relations for which the predicate is true, and whether a QNaN is invalid
    private static ReadOnlySpan<byte> Rows =>
    [
        Equal,                                                // 00 EQ_OQ
        Less | Signalling,                                    // 01 LT_OS
        Less | Equal | Signalling,                            // 02 LE_OS
        Unordered,                                            // 03 UNORD_Q
        Less | Greater | Unordered,                           // 04 NEQ_UQ
        Equal | Greater | Unordered | Signalling,             // 05 NLT_US
        Greater | Unordered | Signalling,                     // 06 NLE_US
        Less | Equal | Greater,                               // 07 ORD_Q
        Equal | Unordered,                                    // 08 EQ_UQ
        Less | Unordered | Signalling,                        // 09 NGE_US
        Less | Equal | Unordered | Signalling,                // 0A NGT_US
        0,                                                    // 0B FALSE_OQ
        Less | Greater,                                       // 0C NEQ_OQ
        Equal | Greater | Signalling,                         // 0D GE_OS
        Greater | Signalling,                                 // 0E GT_OS
        Less | Equal | Greater | Unordered,                   // 0F TRUE_UQ
        Equal | Signalling,                                   // 10 EQ_OS
        Less,                                                 // 11 LT_OQ
        Less | Equal,                                         // 12 LE_OQ
        Unordered | Signalling,                               // 13 UNORD_S
        Less | Greater | Unordered | Signalling,              // 14 NEQ_US
        Equal | Greater | Unordered,                          // 15 NLT_UQ
        Greater | Unordered,                                  // 16 NLE_UQ
        Less | Equal | Greater | Signalling,                  // 17 ORD_S
        Equal | Unordered | Signalling,                       // 18 EQ_US
        Less | Unordered,                                     // 19 NGE_UQ
        Less | Equal | Unordered,                             // 1A NGT_UQ
        Signalling,                                           // 1B FALSE_OS
        Less | Greater | Signalling,                          // 1C NEQ_OS
        Equal | Greater,                                      // 1D GE_OQ
        Greater,                                              // 1E GT_OQ
        Less | Equal | Greater | Unordered | Signalling,      // 1F TRUE_US
    ];

    /// <summary>The relations a predicate holds for: bit 0 less, bit 1 equal, bit 2 greater, bit 3 unordered.</summary>
    public static int Relations(int predicate) => Rows[predicate] & 15;

    /// <summary>Whether predicate 0..31 is true of the relation.</summary>
    public static bool Holds(int predicate, FloatRelation relation) => (Rows[predicate] >> (int)relation & 1) != 0;

    /// <summary>Whether predicate 0..31 makes a QNaN operand invalid.</summary>
    public static bool Signals(int predicate) => (Rows[predicate] & Signalling) != 0;
}
