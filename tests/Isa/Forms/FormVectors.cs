using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Tests.Isa.Integer;
using Seamsim.Tests.Isa.Models;
using Seamsim.Tests.Isa.Seam;
using Seamsim.Tests.Isa.Vmx;

namespace Seamsim.Tests.Isa.Forms;

/// <summary>Instructions whose behaviour is pinned by tests derived from a manual, and which test that is.</summary>
internal static class FormVectors
{
    private static readonly Dictionary<Mnemonic, Type> Tests = new()
    {
        [Mnemonic.Vmxon] = typeof(VmxInstructionTests), [Mnemonic.Vmxoff] = typeof(VmxInstructionTests),
        [Mnemonic.Vmclear] = typeof(VmxInstructionTests), [Mnemonic.Vmptrld] = typeof(VmxInstructionTests),
        [Mnemonic.Vmptrst] = typeof(VmxInstructionTests), [Mnemonic.Vmread] = typeof(VmxInstructionTests),
        [Mnemonic.Vmwrite] = typeof(VmxInstructionTests), [Mnemonic.Vmlaunch] = typeof(VmxInstructionTests),
        [Mnemonic.Vmresume] = typeof(VmxInstructionTests), [Mnemonic.Vmcall] = typeof(VmxInstructionTests),
        [Mnemonic.Invept] = typeof(VmxInstructionTests), [Mnemonic.Invvpid] = typeof(VmxInstructionTests),
        [Mnemonic.Seamcall] = typeof(SeamInstructionTableTests), [Mnemonic.Seamret] = typeof(SeamInstructionTableTests),
        [Mnemonic.Tdcall] = typeof(SeamInstructionTableTests), [Mnemonic.Seamops] = typeof(SeamInstructionTableTests),
        [Mnemonic.Cpuid] = typeof(CpuidTests), [Mnemonic.Rdmsr] = typeof(MsrTests), [Mnemonic.Wrmsr] = typeof(MsrTests),
        [Mnemonic.Int] = typeof(DeliveryTests), [Mnemonic.Int3] = typeof(DeliveryTests),
        [Mnemonic.Iretq] = typeof(DeliveryTests),
        [Mnemonic.Daa] = typeof(InstructionRowTests), [Mnemonic.Das] = typeof(InstructionRowTests),
        [Mnemonic.Aaa] = typeof(InstructionRowTests), [Mnemonic.Aas] = typeof(InstructionRowTests),
        [Mnemonic.Aam] = typeof(InstructionRowTests), [Mnemonic.Aad] = typeof(InstructionRowTests),
        [Mnemonic.Salc] = typeof(InstructionRowTests), [Mnemonic.Bound] = typeof(InstructionRowTests),
        [Mnemonic.Pusha] = typeof(InstructionRowTests), [Mnemonic.Pushad] = typeof(InstructionRowTests),
        [Mnemonic.Popa] = typeof(InstructionRowTests), [Mnemonic.Popad] = typeof(InstructionRowTests),
        [Mnemonic.Enter] = typeof(InstructionRowTests), [Mnemonic.Insb] = typeof(InstructionRowTests),
        [Mnemonic.Insw] = typeof(InstructionRowTests), [Mnemonic.Insd] = typeof(InstructionRowTests),
        [Mnemonic.Outsb] = typeof(InstructionRowTests), [Mnemonic.Outsw] = typeof(InstructionRowTests),
        [Mnemonic.Outsd] = typeof(InstructionRowTests), [Mnemonic.In] = typeof(InstructionRowTests),
        [Mnemonic.Out] = typeof(InstructionRowTests), [Mnemonic.Loop] = typeof(InstructionRowTests),
        [Mnemonic.Loope] = typeof(InstructionRowTests), [Mnemonic.Loopne] = typeof(InstructionRowTests),
        [Mnemonic.Jcxz] = typeof(InstructionRowTests), [Mnemonic.Monitor] = typeof(InstructionRowTests),
        [Mnemonic.Mwait] = typeof(InstructionRowTests), [Mnemonic.Umonitor] = typeof(InstructionRowTests),
        [Mnemonic.Umwait] = typeof(InstructionRowTests), [Mnemonic.Tpause] = typeof(InstructionRowTests),
        [Mnemonic.Rdpid] = typeof(InstructionRowTests), [Mnemonic.Rdpmc] = typeof(InstructionRowTests),
        [Mnemonic.Rsm] = typeof(InstructionRowTests), [Mnemonic.Getsec] = typeof(InstructionRowTests),
        [Mnemonic.Enqcmd] = typeof(InstructionRowTests), [Mnemonic.Enqcmds] = typeof(InstructionRowTests),
        [Mnemonic.Movdir64b] = typeof(InstructionRowTests), [Mnemonic.Rdfsbase] = typeof(InstructionRowTests),
        [Mnemonic.Xbegin] = typeof(InstructionRowTests), [Mnemonic.Xend] = typeof(InstructionRowTests),
        [Mnemonic.Xtest] = typeof(InstructionRowTests), [Mnemonic.Xabort] = typeof(InstructionRowTests),
        [Mnemonic.Serialize] = typeof(InstructionRowTests),
        [Mnemonic.Xsaves] = typeof(XsaveTests), [Mnemonic.Xsaves64] = typeof(XsaveTests),
        [Mnemonic.Xrstors] = typeof(XsaveTests), [Mnemonic.Xrstors64] = typeof(XsaveTests),
        [Mnemonic.Clui] = typeof(UserInterruptTests), [Mnemonic.Stui] = typeof(UserInterruptTests),
        [Mnemonic.Testui] = typeof(UserInterruptTests), [Mnemonic.Uiret] = typeof(UserInterruptTests),
        [Mnemonic.Senduipi] = typeof(UserInterruptTests),
        [Mnemonic.Ldtilecfg] = typeof(TileTests), [Mnemonic.Sttilecfg] = typeof(TileTests),
        [Mnemonic.Tilezero] = typeof(TileTests), [Mnemonic.Tileloadd] = typeof(TileTests),
        [Mnemonic.Tilestored] = typeof(TileTests), [Mnemonic.Tdpbssd] = typeof(TileTests),
        [Mnemonic.Tdpbsud] = typeof(TileTests), [Mnemonic.Tdpbusd] = typeof(TileTests),
        [Mnemonic.Tdpbuud] = typeof(TileTests), [Mnemonic.Tdpbf16ps] = typeof(TileTests),
    };

    /// <summary>The test that holds an instruction; null for none.</summary>
    public static Type? Of(Mnemonic mnemonic) => Tests.GetValueOrDefault(mnemonic);
}
