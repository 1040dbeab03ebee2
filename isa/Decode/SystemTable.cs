using System.Collections.Frozen;
using Iced.Intel;
using Seamsim.Isa.Seam;
using Seamsim.Isa.Semantics;
using Seamsim.Isa.Semantics.X87;
using Seamsim.Isa.Vmx;

namespace Seamsim.Isa.Decode;

/// <summary>
/// Instructions the run loop executes from their Iced form: irregular ones by mnemonic, those of VMX and SEAM by code.
/// </summary>
internal static class SystemTable
{
    private static readonly FrozenDictionary<Code, SystemHandler> ByCode =
        VmxInstructions.Table.Concat(SeamInstructions.Table).ToFrozenDictionary(r => r.Code, r => r.Handler);

    private static readonly FrozenDictionary<Mnemonic, SystemHandler> ByMnemonic =
        new Dictionary<Mnemonic, SystemHandler>
        {
            // near transfers and the stack in the forms that have no handler
            [Mnemonic.Call]    = NearTransfer.Call,
            [Mnemonic.Jmp]     = NearTransfer.Jmp,
            [Mnemonic.Ret]     = NearTransfer.Ret,
            [Mnemonic.Loop]    = NearTransfer.Loop,
            [Mnemonic.Loope]   = NearTransfer.Loop,
            [Mnemonic.Loopne]  = NearTransfer.Loop,
            [Mnemonic.Jcxz]    = NearTransfer.Jcxz,
            [Mnemonic.Jecxz]   = NearTransfer.Jcxz,
            [Mnemonic.Jrcxz]   = NearTransfer.Jcxz,
            [Mnemonic.Push]    = Stack.Push,
            [Mnemonic.Pop]     = Stack.Pop,
            [Mnemonic.Leave]   = Stack.Leave,
            [Mnemonic.Enter]   = Stack.Enter,
            [Mnemonic.Pusha]   = Stack.Pusha,
            [Mnemonic.Pushad]  = Stack.Pusha,
            [Mnemonic.Popa]    = Stack.Popa,
            [Mnemonic.Popad]   = Stack.Popa,
            [Mnemonic.Pushf]   = FlagsOnStack.Pushf,
            [Mnemonic.Pushfd]  = FlagsOnStack.Pushf,
            [Mnemonic.Pushfq]  = FlagsOnStack.Pushf,
            [Mnemonic.Popf]    = FlagsOnStack.Popf,
            [Mnemonic.Popfd]   = FlagsOnStack.Popf,
            [Mnemonic.Popfq]   = FlagsOnStack.Popf,
            // far transfers and interrupts
            [Mnemonic.Retf]    = FarReturn.Retf,
            [Mnemonic.Iret]    = InterruptReturn.Iret,
            [Mnemonic.Iretd]   = InterruptReturn.Iret,
            [Mnemonic.Iretq]   = InterruptReturn.Iret,
            [Mnemonic.Int]     = SoftwareInterrupts.Int,
            [Mnemonic.Int3]    = SoftwareInterrupts.Int3,
            [Mnemonic.Int1]    = SoftwareInterrupts.Int1,
            [Mnemonic.Into]    = SoftwareInterrupts.Into,
            [Mnemonic.Bound]   = SoftwareInterrupts.Bound,
            [Mnemonic.Ud0]     = SoftwareInterrupts.Ud,
            [Mnemonic.Ud1]     = SoftwareInterrupts.Ud,
            [Mnemonic.Ud2]     = SoftwareInterrupts.Ud,
            [Mnemonic.Syscall] = Syscalls.Syscall,
            [Mnemonic.Sysret]  = Syscalls.Sysret,
            [Mnemonic.Sysretq] = Syscalls.Sysret,
            [Mnemonic.Sysenter] = Syscalls.Sysenter,
            [Mnemonic.Sysexit]  = Syscalls.Sysexit,
            [Mnemonic.Sysexitq] = Syscalls.Sysexit,
            [Mnemonic.Rsm]      = SoftwareInterrupts.Ud, // outside SMM, which is not modelled
            // data
            [Mnemonic.Lea]        = Irregular.Lea,
            [Mnemonic.Mov]        = Segments.Mov,
            [Mnemonic.Bt]         = BitStrings.Bt,
            [Mnemonic.Bts]        = BitStrings.Bt,
            [Mnemonic.Btr]        = BitStrings.Bt,
            [Mnemonic.Btc]        = BitStrings.Bt,
            [Mnemonic.Cmpxchg8b]  = Irregular.Cmpxchg8b,
            [Mnemonic.Cmpxchg16b] = Irregular.Cmpxchg16b,
            [Mnemonic.Xlatb]      = Irregular.Xlat,
            [Mnemonic.Movdir64b]  = Irregular.Movdir64b,
            [Mnemonic.Movdiri]    = Irregular.Movdiri,
            [Mnemonic.Movnti]     = Irregular.Movdiri,
            [Mnemonic.Movsb] = Strings.Execute, [Mnemonic.Movsw] = Strings.Execute,
            [Mnemonic.Movsd] = Strings.Execute, [Mnemonic.Movsq] = Strings.Execute,
            [Mnemonic.Stosb] = Strings.Execute, [Mnemonic.Stosw] = Strings.Execute,
            [Mnemonic.Stosd] = Strings.Execute, [Mnemonic.Stosq] = Strings.Execute,
            [Mnemonic.Lodsb] = Strings.Execute, [Mnemonic.Lodsw] = Strings.Execute,
            [Mnemonic.Lodsd] = Strings.Execute, [Mnemonic.Lodsq] = Strings.Execute,
            [Mnemonic.Cmpsb] = Strings.Execute, [Mnemonic.Cmpsw] = Strings.Execute,
            [Mnemonic.Cmpsd] = Strings.Execute, [Mnemonic.Cmpsq] = Strings.Execute,
            [Mnemonic.Scasb] = Strings.Execute, [Mnemonic.Scasw] = Strings.Execute,
            [Mnemonic.Scasd] = Strings.Execute, [Mnemonic.Scasq] = Strings.Execute,
            [Mnemonic.Insb]  = Strings.Execute, [Mnemonic.Insw]  = Strings.Execute, [Mnemonic.Insd]  = Strings.Execute,
            [Mnemonic.Outsb] = Strings.Execute, [Mnemonic.Outsw] = Strings.Execute, [Mnemonic.Outsd] = Strings.Execute,
            // segments and tables
            [Mnemonic.Lss]  = Segments.LoadFar,
            [Mnemonic.Lds]  = Segments.LoadFar,
            [Mnemonic.Les]  = Segments.LoadFar,
            [Mnemonic.Lfs]  = Segments.LoadFar,
            [Mnemonic.Lgs]  = Segments.LoadFar,
            [Mnemonic.Lgdt] = DescriptorTables.Load,
            [Mnemonic.Lidt] = DescriptorTables.Load,
            [Mnemonic.Sgdt] = DescriptorTables.Store,
            [Mnemonic.Sidt] = DescriptorTables.Store,
            [Mnemonic.Lldt] = DescriptorTables.Lldt,
            [Mnemonic.Ltr]  = DescriptorTables.Ltr,
            [Mnemonic.Sldt] = DescriptorTables.StoreSelector,
            [Mnemonic.Str]  = DescriptorTables.StoreSelector,
            [Mnemonic.Verr] = DescriptorQueries.Verify,
            [Mnemonic.Verw] = DescriptorQueries.Verify,
            [Mnemonic.Lar]  = DescriptorQueries.Lar,
            [Mnemonic.Lsl]  = DescriptorQueries.Lsl,
            [Mnemonic.Arpl] = DescriptorQueries.Arpl,
            [Mnemonic.Swapgs]   = SegmentBases.Swapgs,
            [Mnemonic.Rdfsbase] = SegmentBases.Read,
            [Mnemonic.Rdgsbase] = SegmentBases.Read,
            [Mnemonic.Wrfsbase] = SegmentBases.Write,
            [Mnemonic.Wrgsbase] = SegmentBases.Write,
            // control
            [Mnemonic.Smsw]   = ControlRegisters.Smsw,
            [Mnemonic.Lmsw]   = ControlRegisters.Lmsw,
            [Mnemonic.Clts]   = ControlRegisters.Clts,
            [Mnemonic.Rdsspd] = ShadowStacks.Rdssp,   [Mnemonic.Rdsspq] = ShadowStacks.Rdssp,
            [Mnemonic.Incsspd] = ShadowStacks.Incssp, [Mnemonic.Incsspq] = ShadowStacks.Incssp,
            [Mnemonic.Wrssd] = ShadowStacks.Wrss,     [Mnemonic.Wrssq] = ShadowStacks.Wrss,
            [Mnemonic.Wrussd] = ShadowStacks.Wruss,   [Mnemonic.Wrussq] = ShadowStacks.Wruss,
            [Mnemonic.Saveprevssp] = ShadowStacks.Saveprevssp,
            [Mnemonic.Rstorssp]    = ShadowStacks.Rstorssp,
            [Mnemonic.Setssbsy]    = ShadowStacks.Setssbsy,
            [Mnemonic.Clrssbsy]    = ShadowStacks.Clrssbsy,
            [Mnemonic.Endbr64]     = ShadowStacks.Endbr64,
            [Mnemonic.Endbr32]     = ShadowStacks.Endbr32,
            [Mnemonic.Rdpkru] = ProtectionKeys.Rdpkru,
            [Mnemonic.Wrpkru] = ProtectionKeys.Wrpkru,
            [Mnemonic.Xgetbv] = ControlRegisters.Xgetbv,
            [Mnemonic.Xsetbv] = ControlRegisters.Xsetbv,
            [Mnemonic.Cli]    = InterruptFlag.Cli,
            [Mnemonic.Sti]    = InterruptFlag.Sti,
            [Mnemonic.Clac]   = InterruptFlag.Clac,
            [Mnemonic.Stac]   = InterruptFlag.Stac,
            [Mnemonic.Hlt]    = InterruptFlag.Hlt,
            [Mnemonic.Pause]  = InterruptFlag.Pause,
            [Mnemonic.Rdmsr]  = Identification.Rdmsr,
            [Mnemonic.Wrmsr]  = Identification.Wrmsr,
            [Mnemonic.Cpuid]  = Identification.Cpuid,
            [Mnemonic.Rdtsc]  = Identification.Rdtsc,
            [Mnemonic.Rdtscp] = Identification.Rdtscp,
            [Mnemonic.Rdpid]  = Identification.Rdpid,
            [Mnemonic.Rdrand] = Identification.Rdrand,
            [Mnemonic.Rdseed] = Identification.Rdseed,
            [Mnemonic.Pconfig] = Identification.Pconfig,
            // caches and TLBs
            [Mnemonic.Invlpg]     = Caches.Invlpg,
            [Mnemonic.Invpcid]    = Caches.Invpcid,
            [Mnemonic.Clflush]    = Caches.Clflush,
            [Mnemonic.Clflushopt] = Caches.Clflush,
            [Mnemonic.Clwb]       = Caches.Clflush,
            [Mnemonic.Wbinvd]     = Caches.Wbinvd,
            [Mnemonic.Wbnoinvd]   = Caches.Wbinvd,
            [Mnemonic.Invd]       = Caches.Invd,
            // ports
            [Mnemonic.In]  = PortIo.In,
            [Mnemonic.Out] = PortIo.Out,
            [Mnemonic.Wait] = X87Execution.Wait,
        }
        .Concat(IntegerTable.Rows)
        .Concat(X87Table.Mnemonics.Select(m => KeyValuePair.Create<Mnemonic, SystemHandler>(m, X87Execution.Execute)))
        .ToFrozenDictionary();

    /// <summary>The handler of an instruction; null when it is not modelled.</summary>
    public static SystemHandler? Find(in Instruction instruction) =>
        ByCode.TryGetValue(instruction.Code, out SystemHandler? handler) ? handler
        : instruction.IsJccShortOrNear ? NearTransfer.Jcc
        : ByMnemonic.GetValueOrDefault(instruction.Mnemonic);
}
