using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.Engine;
using Seamsim.Isa.State;

namespace Seamsim.Isa.Semantics;

/// <summary>
/// ENQCMD and ENQCMDS. SDM vol. 2. No modelled device accepts enqueue stores, so a command that passes the checks is
/// answered with "retry" (ZF = 1), as memory and other devices answer.
/// </summary>
internal static unsafe class EnqueueStores
{
    private const int CommandBytes = 64, Es = 0;
    private const uint PasidMsr = 0xD93, PasidValid = 1u << 31, ReservedInCommand = 0x7FF0_0000;

    public static Outcome Enqcmd(Core core, in Instruction i)
    {
        ulong pasid = 0;
        if (core.IsOnPlatform)
            core.TryRdmsr(PasidMsr, out pasid);
        return (pasid & PasidValid) == 0 ? core.RaiseGp0() : Enqueue(core, i, supervisor: false);
    }

    public static Outcome Enqcmds(Core core, in Instruction i) =>
        core.Cpl != 0 ? core.RaiseGp0() : Enqueue(core, i, supervisor: true);

    private static Outcome Enqueue(Core core, in Instruction i, bool supervisor)
    {
        ulong to = Segmentation.Linear(core, Es, core.ReadRegister(i.Op0Register), CommandBytes);
        Span<byte> command = stackalloc byte[CommandBytes];
        if (!core.TryReadLinear(core.EffectiveAddress(i), command, core.Cpl))
            return Outcome.Fault;
        bool reserved = (BinaryPrimitives.ReadUInt32LittleEndian(command) & ReservedInCommand) != 0;
        if ((to & (CommandBytes - 1)) != 0 || (supervisor && reserved))
            return core.RaiseGp0();
        if (!core.CarefulPrepareWrite(to, 8, Es))
            return Outcome.Fault;
        LazyFlags.Update(core.Lp, RflagsBit.Arithmetic, RflagsBit.Zf);
        return Outcome.Next;
    }
}
