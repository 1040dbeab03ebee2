using Seamsim.Isa.State;

namespace Seamsim.Isa.Ports;

/// <summary>
/// Looks at a logical processor before every instruction, as a debugger would. While one is set the processor executes
/// instruction by instruction; state and cycles stay what they are without it.
/// </summary>
public interface IBreakpoints
{
    /// <summary>
    /// The processor is about to execute the instruction at its RIP; the same instruction may be announced again when
    /// an event came first. True: RIP was changed or an event raised, so look again before executing anything.
    /// </summary>
    bool Arrives(Core core);
}
