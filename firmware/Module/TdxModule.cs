using Seamsim.Firmware.Abi;
using Seamsim.Isa.Ports;
using Seamsim.Isa.Seam;

namespace Seamsim.Firmware.Module;

/// <summary>
/// The TDX module in C#. It holds the immutable tables of its version and nothing else: every state it has is bytes in
/// simulated memory (D5).
/// </summary>
public sealed partial class TdxModule : IManagedImage
{
    private readonly ModuleRules rules;

    /// <summary>A module of a version.</summary>
    /// <param name="version">Whose tables and behaviour.</param>
    public TdxModule(ModuleVersion version)
        : this(ModuleRules.Load(version))
    {
    }

    /// <summary>A module of a version with overlays.</summary>
    /// <param name="tables">Whose tables and behaviour.</param>
    public TdxModule(ModuleTables tables)
        : this(ModuleRules.Of(tables))
    {
    }

    /// <summary>A module with rules that others may share.</summary>
    internal TdxModule(ModuleRules rules) => this.rules = rules;

    /// <summary>What the module asks of its loader.</summary>
    public static SeamImageNeeds Needs => new(
        NumStackPages: 7, NumTlsPages: 3, NumKeyholePages: 127, NumGlobalDataPages: 16, NumHandoffPages: 31,
        CodeBytes: 0x2000);

    /// <summary>Offset of the SEAMCALL entry in the code region.</summary>
    public static ulong SeamcallEntryOffset => 0;

    /// <summary>Offset of the TD-exit entry in the code region; it has a page of its own.</summary>
    public static ulong TdExitEntryOffset => 0x1000;

    /// <summary>The version.</summary>
    public ModuleVersion Version => rules.Tables.Version;

    /// <inheritdoc/>
    public SeamEnd OnSeamcall(ISeamPlatform platform)
    {
        platform.Charge(Operation.LeafDispatch);
        LeafCall call = new(platform, rules);
        HostMsrs.Replace(call);
        platform.Mark(LeafPhase.Checks);
        LeafEnd end = Dispatch(call);
        if (end.End != SeamEnd.SeamRet)
            return end.End;
        return end.WritesRax ? SeamReturn.ToHost(call, end.Status) : SeamReturn.ToHost(call);
    }

    /// <inheritdoc/>
    public SeamEnd OnTdExit(ISeamPlatform platform)
    {
        platform.Charge(Operation.LeafDispatch);
        return HandleTdExit(new LeafCall(platform, rules));
    }

    // TDX module 1.5.01, host dispatcher: reserved bits, version, state of the module, known leaf; in this order.
    private static LeafEnd Dispatch(LeafCall c)
    {
        const ulong reservedRax = 0xFFFF_FFFF_FF00_0000;

        if ((c.Rax & reservedRax) != 0)                           return TdxStatus.OperandInvalid.With(OperandId.Rax);
        if (c.Version != 0 && c.Tables.MaxVersionOf(c.Leaf) == 0) return TdxStatus.OperandInvalid.With(OperandId.Rax);

        SysState state = c.Data.State;
        LeafStates allowed = c.Tables.StatesOf(c.Leaf);
        if (state == SysState.Shutdown && allowed != LeafStates.Always) return TdxStatus.SysShutdown;
        if (state != SysState.Ready && allowed == LeafStates.Ready)     return TdxStatus.SysNotReady;

        LeafHandler? handler = LeafTable.Find(c.Leaf);
        return handler is null ? TdxStatus.OperandInvalid.With(OperandId.Rax) : handler(c);
    }
}
