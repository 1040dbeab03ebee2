using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;
using Seamsim.Isa;

namespace Seamsim.Tests.Firmware;

/// <summary>One reason for a leaf to fail.</summary>
/// <param name="Name">In words.</param>
/// <param name="About">What is arranged; two conditions about the same thing cannot hold together.</param>
/// <param name="Arrange">Makes the condition hold.</param>
/// <param name="Status">What the leaf answers.</param>
internal sealed record Condition(string Name, string About, Action<MemTd> Arrange, TdxStatus Status)
{
    /// <summary>
    /// Whether the condition is another LP's lock; the attempt itself may leave a trace in the lock word.
    /// </summary>
    public bool IsBusy => Status.Is(TdxStatus.OperandBusy);
}

/// <summary>
/// The check order of a leaf as data: each condition alone gives its status and leaves no mark, and of two conditions
/// that hold at once the earlier one wins.
/// </summary>
internal static class Precedence
{
    public static void Check(int leaf, Func<MemTd> make, params Condition[] inOrder) =>
        Check(td => td.Call(leaf), make, inOrder);

    /// <summary>As the other, for a guest leaf; its operands are RCX, RDX and R8 of <see cref="MemTd.Regs"/>.</summary>
    public static void CheckGuest(int leaf, Func<MemTd> make, params Condition[] inOrder) =>
        Check(td => td.Tdcall(leaf, td.Regs.Rcx, td.Regs.Rdx, td.Regs.R8).Status, () => WithVcpu(make()), inOrder);

    // The virtual CPU is made on first use, which must not look like the leaf's mark.
    private static MemTd WithVcpu(MemTd td)
    {
        Assert.That(td.Vcpu.NumPages, Is.Zero);
        return td;
    }

    private static void Check(Func<MemTd, TdxStatus> call, Func<MemTd> make, Condition[] inOrder)
    {
        List<string> wrong = [];
        using (MemTd td = make())
        {
            TdxStatus status = call(td);
            if (!status.IsSuccess)
                wrong.Add($"without any condition: {status}");
        }
        foreach (Condition only in inOrder)
            Try(call, make, wrong, only, null);
        for (int first = 0; first < inOrder.Length; first++)
            for (int second = first + 1; second < inOrder.Length; second++)
                if (inOrder[first].About != inOrder[second].About)
                    Try(call, make, wrong, inOrder[first], inOrder[second]);
        Assert.That(wrong, Is.Empty);
    }

    private static void Try(
        Func<MemTd, TdxStatus> call, Func<MemTd> make, List<string> wrong, Condition winner, Condition? loser)
    {
        using MemTd td = make();
        loser?.Arrange(td);
        winner.Arrange(td);
        byte[] before = td.Snapshot();
        string name = loser is null ? winner.Name : $"{winner.Name} beats {loser.Name}";
        TdxStatus status = call(td);
        if (status != winner.Status)
            wrong.Add($"{name}: {status}, not {winner.Status}");
        else if (!winner.IsBusy && !td.Snapshot().AsSpan().SequenceEqual(before))
            wrong.Add($"{name}: left a mark");
    }
}

/// <summary>Conditions that several leaves share, in the order of the ABI.</summary>
internal static class Conditions
{
    public const ulong OutsideTdmr = 0x3000_0000;

    /// <summary>The TDR operand in RDX (or RCX), wanted exclusively or shared.</summary>
    public static Condition[] Tdr(bool exclusive, bool inRcx = false)
    {
        OperandId operand = inRcx ? OperandId.Rcx : OperandId.Rdx;
        return
        [
            new("TDR misaligned", "tdr", td => Set(td, inRcx, MemTd.TdrPage + 0x80),
                TdxStatus.OperandInvalid.With(operand)),
            new("TDR with a KeyID", "tdr", td => Set(td, inRcx, td.Tdr.Page.Value),
                TdxStatus.OperandInvalid.With(operand)),
            new("TDR outside every TDMR", "tdr", td => Set(td, inRcx, OutsideTdmr),
                TdxStatus.OperandAddrRangeError.With(operand)),
            new("TDR held", "tdr", td => Lock(td, exclusive), TdxStatus.OperandBusy.With(operand)),
            new("page is no TDR", "tdr", td => Set(td, inRcx, td.FreePage()),
                TdxStatus.PageMetadataIncorrect.With(operand)),
        ];

        static void Set(MemTd td, bool inRcx, ulong value)
        {
            if (inRcx)
                td.Regs.Rcx = value;
            else
                td.Regs.Rdx = value;
        }

        // A reader (4) is enough to refuse an exclusive hold; only a writer (1) refuses a shared one.
        static void Lock(MemTd td, bool exclusive) =>
            td.Lp.Write(td.Pamt(MemTd.TdrPage).Address, (ushort)(exclusive ? 4 : 1));
    }

    /// <summary>The state check of a TD leaf.</summary>
    public static Condition[] State(bool withLock, OpState refused)
    {
        Condition[] all =
        [
            new("TD fatal", "fatal", td => With(td.Tdr, t => t.Fatal = true), TdxStatus.TdFatal),
            new("keys not configured", "keys", td => With(td.Tdr, t => t.Lifecycle = Lifecycle.HkidAssigned),
                TdxStatus.TdKeysNotConfigured),
            new("TDCS incomplete", "tdcx", td => With(td.Tdr, t => t.NumTdcx = 5), TdxStatus.TdcsNotAllocated),
            new("OP_STATE held", "op lock", td => td.Lp.Write<ushort>(td.Tdcs.OpStateLock, 1),
                TdxStatus.OperandBusy.With(OperandId.OpState)),
            new("wrong OP_STATE", "op state", td => SetOpState(td, refused), TdxStatus.OpStateIncorrect),
        ];
        return withLock ? all : [.. all.Where(c => c.About != "op lock")];
    }

    /// <summary>The GPA and level in RCX.</summary>
    public static Condition[] Mapping(ulong goodLevel, ulong tooHigh, bool canBeTooLow)
    {
        TdxStatus invalid = TdxStatus.OperandInvalid.With(OperandId.Rcx);
        Condition[] all =
        [
            new("RCX reserved bit 3", "rcx", td => td.Regs.Rcx |= 8, invalid),
            new("RCX reserved bit 52", "rcx", td => td.Regs.Rcx |= 1UL << 52, invalid),
            new("level too high", "rcx", td => td.Regs.Rcx = tooHigh, invalid),
            new("level too low", "rcx", td => td.Regs.Rcx = 0, invalid),
            new("GPA misaligned", "rcx", td => td.Regs.Rcx = goodLevel == 0 ? 0x1800 : 0x1000 | goodLevel, invalid),
            new("GPA shared", "rcx", td => td.Regs.Rcx |= 1UL << 47, invalid),
            new("GPA beyond the width", "rcx", td => td.Regs.Rcx |= 1UL << 48, invalid),
        ];
        return canBeTooLow ? all : [.. all.Where(c => c.Name != "level too low")];
    }

    /// <summary>The tree lock, held so that the wanted mode is refused.</summary>
    public static Condition TreeHeld(bool exclusive) => new(
        "SEPT tree held", "tree", td => td.Lp.Write(td.Tdcs.SeptLock, (ushort)(exclusive ? 2 : 1)),
        TdxStatus.OperandBusy.With(OperandId.SeptTree));

    /// <summary>A page operand that must be free.</summary>
    public static Condition[] FreePage(OperandId operand, Action<MemTd, ulong> set, Func<MemTd, ulong> get) =>
    [
        new("page misaligned", "page", td => set(td, get(td) + 0x100), TdxStatus.OperandInvalid.With(operand)),
        new("page with a KeyID", "page", td => set(td, td.Tdr.Private(new Hpa(get(td))).Value),
            TdxStatus.OperandInvalid.With(operand)),
        new("page outside every TDMR", "page", td => set(td, OutsideTdmr),
            TdxStatus.OperandAddrRangeError.With(operand)),
        new("page held", "page", td => td.Lp.Write<ushort>(td.Pamt(get(td)).Address, 4),
            TdxStatus.OperandBusy.With(operand)),
        new("page in use", "page", td => td.Pamt(get(td)).Assign(PageType.Reg, new Hpa(MemTd.TdrPage)),
            TdxStatus.PageMetadataIncorrect.With(operand)),
    ];

    /// <summary>The entry at RCX in some state.</summary>
    public static Condition Entry(string name, int level, SeptState state, TdxStatus status) =>
        new(name, "entry", td => td.SetEntry(GpaOf(td), level, td.Make(state, level)), status);

    /// <summary>The entry at RCX locked by somebody else.</summary>
    public static Condition EntryHeld(int level) => new(
        "SEPT entry held", "entry lock",
        td => td.SetEntry(GpaOf(td), level, td.EntryAt(GpaOf(td), level).Locked()),
        TdxStatus.OperandBusy.With(OperandId.Rcx));

    /// <summary>The walk stops above: the entry one level up is blocked.</summary>
    public static Condition ParentBlocked(int level) => new(
        "blocked parent", "entry",
        td => td.SetEntry(GpaOf(td), level + 1, td.EntryAt(GpaOf(td), level + 1).Become(SeptState.NL_BLOCKED)),
        TdxStatus.EptWalkFailed.With(OperandId.Rcx));

    public static void SetOpState(MemTd td, OpState state) => With(td.Tdcs, tdcs => tdcs.OpState = state);

    // RCX as the fixture made it: other conditions may have spoilt the register.
    public static ulong GpaOf(MemTd td) => td.Gpa;

    private static void With(Tdr tdr, Action<Tdr> change) => change(tdr);

    private static void With(Tdcs tdcs, Action<Tdcs> change) => change(tdcs);
}
