using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Guests;
using Seamsim.Host.Kernel;
using Seamsim.Host.Vmm;
using Seamsim.Runs;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Calibrating;

/// <summary>Calls of leaves that no scenario makes and whose instruction counts are published.</summary>
internal static class CountedCalls
{
    private const int VmRd = 7, SysRd = 11, SysRdAll = 12, PageAttrRd = 23, PageAttrWr = 24, VpInvept = 26;
    private const int Repetitions = 4;
    private const ulong InfoBytes = 1024, CmrEntries = 32;

    /// <summary>Makes them on a platform that is READY.</summary>
    public static void Make(Machine machine)
    {
        ulong info = machine.AllocatePages(2) ?? throw new InvalidOperationException("no memory for TDH.SYS.INFO");
        ulong status = machine.Seamcall(
            0, "TDH.SYS.INFO", ("rcx", info), ("rdx", InfoBytes), ("r8", info + 4096), ("r9", CmrEntries)).Registers[0];
        if (status != 0)
            throw new InvalidOperationException($"TDH.SYS.INFO: 0x{status:X}");
        CountedBindings.Make(machine, RunGuest(machine));
    }

    // Returns the TDR page.
    private static ulong RunGuest(Machine machine)
    {
        ulong attributes = machine.Tables.TdMetadata.Fields.First(field => field.Name == "ATTRIBUTES").Id.Value;
        ulong features = machine.Tables.SystemMetadata.Fields.First(field => field.Name == "TDX_FEATURES0").Id.Value;
        GuestImage guest = BuiltInGuests.Build("counted", code => Write(code, attributes, features));
        TdConfig config = new() { Name = "counted", Guest = guest, MemoryBytes = 2UL << 20, InitialBytes = 128 << 10 };
        OutputConsole console = new();
        TdVmm vmm = new(machine.Kvm, config, console);
        if (machine.Execute(0, vmm.Build) != Errno.Ok || machine.Execute(0, vmm.Run) != TdEnd.Finished)
            throw new InvalidOperationException($"the guest of the calibration failed: {vmm.Reason} {console.Text}");
        return vmm.Td!.Tdr.Value;
    }

    private static void Write(GuestCode code, ulong attributes, ulong features)
    {
        for (int i = 0; i < Repetitions; i++)
        {
            Read(code, VmRd, attributes, "TDG.VM.RD");
            Read(code, SysRd, features, "TDG.SYS.RD");
            ReadAll(code);
            Attributes(code, PageAttrRd, "TDG.MEM.PAGE.ATTR.RD");
            Attributes(code, PageAttrWr, "TDG.MEM.PAGE.ATTR.WR");
            Invept(code);
        }
        code.Exit(0);
    }

    private static void ReadAll(GuestCode code)
    {
        code.A.mov(edx, GuestLayout.Buffers);
        code.A.mov(r8, -1L);
        code.Tdcall(SysRdAll);
        code.FailUnlessZero("TDG.SYS.RDALL");
    }

    // The TD has no L2 VMs: its pages have no aliases, and there is nothing to change and nothing to invalidate.
    private static void Attributes(GuestCode code, int leaf, string name)
    {
        code.A.mov(ecx, GuestLayout.Buffers);
        code.A.xor(edx, edx);
        code.A.xor(r8d, r8d);
        code.Tdcall(leaf);
        code.FailUnlessZero(name);
    }

    private static void Invept(GuestCode code)
    {
        code.A.xor(ecx, ecx);
        code.Tdcall(VpInvept);
        code.FailUnlessZero("TDG.VP.INVEPT");
    }

    private static void Read(GuestCode code, int leaf, ulong field, string name)
    {
        code.A.xor(ecx, ecx);
        code.A.mov(rdx, field);
        code.Tdcall(leaf);
        code.FailUnlessZero(name);
    }
}
