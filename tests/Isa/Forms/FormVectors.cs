using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
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
    };

    /// <summary>The test that holds an instruction; null for none.</summary>
    public static Type? Of(Mnemonic mnemonic) => Tests.GetValueOrDefault(mnemonic);
}
