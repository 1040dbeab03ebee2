using Seamsim.Firmware.Abi;
using Seamsim.Host;
using Seamsim.Host.Kernel;
using Seamsim.Isa;
using Seamsim.Isa.Seam;
using Seamsim.Tests.Firmware;
using SeamcallResult = Seamsim.Tests.Firmware.SeamcallResult;

namespace Seamsim.Tests.Conformance;

/// <summary>
/// The whole <see cref="Machine"/>: a core executes SEAMCALL from the host world and goes through the transfer VMCS to
/// the module; nothing reaches the module another way. The rows bring it up themselves, without the host kernel.
/// </summary>
internal sealed class MachineTarget : IConformanceTarget
{
    private const ulong Gigabyte = 1UL << 30, Pamt4KBytes = 4UL << 20, Pamt2MBytes = 0x2000, Pamt1GBytes = 0x1000;
    private const ulong HostBytes = 16UL << 20;
    private const int Rcx = 1, Rdx = 2, R8 = 8;
    private readonly Machine machine;
    private readonly ulong pamt;
    private ulong nextPage, nextHostPage;

    /// <summary>A machine whose P-SEAMLDR has installed the module.</summary>
    public MachineTarget(int packages = 1, int lpsPerPackage = 2)
    {
        // RAM: two gigabytes below the hole, and one at 4 GiB that becomes the TDMR.
        machine = new Machine(new Platform
        {
            Packages = packages, LpsPerPackage = lpsPerPackage, MemoryBytes = 3 * Gigabyte,
        });
        machine.Advance(StartState.Installed);
        pamt = BelowTheHole(Pamt4KBytes + Pamt2MBytes + Pamt1GBytes);
        nextHostPage = BelowTheHole(HostBytes);
        nextPage = TdmrBase + (8UL << 20);
    }

    /// <summary>The machine underneath.</summary>
    public Machine Machine => machine;

    /// <inheritdoc/>
    public int LpCount => machine.Platform.LpCount;

    /// <inheritdoc/>
    public ushort GlobalHkid => (ushort)machine.Platform.Keys.FirstPrivate;

    /// <inheritdoc/>
    public ulong TdmrBase => 4 * Gigabyte;

    /// <inheritdoc/>
    public ulong OutsideTdmr => pamt;

    /// <inheritdoc/>
    public ulong NumCmrs => (ulong)machine.Platform.HostRanges.Count;

    /// <inheritdoc/>
    public int PackageOf(int lp) => machine.Cores[lp].Package;

    /// <inheritdoc/>
    public ushort Hkid(int index) => (ushort)(GlobalHkid + 1 + index);

    /// <inheritdoc/>
    public SeamcallResult Call(ulong rax, SeamcallOperands operands, int lp)
    {
        ulong[] registers = new ulong[16];
        (registers[0], registers[Rcx], registers[Rdx]) = (rax, operands.Rcx, operands.Rdx);
        (registers[R8], registers[R8 + 1], registers[R8 + 2]) = (operands.R8, operands.R9, operands.R10);
        (registers[R8 + 3], registers[R8 + 4], registers[R8 + 5]) = (operands.R11, operands.R12, operands.R13);
        SeamcallAnswer answer = machine.Seamcall(lp, registers);
        Assert.That((answer.Exception, answer.Cf, answer.Zf), Is.EqualTo((-1, false, false)), "SEAMCALL itself failed");
        // A leaf's locks stay visible until its end time; the rows look at memory after it.
        machine.Parts.ReleaseLocks(ulong.MaxValue);
        return new SeamcallResult([.. answer.Registers]);
    }

    /// <inheritdoc/>
    public ulong Page() => (nextPage += 4096) - 4096;

    /// <inheritdoc/>
    public ulong HostPage() => (nextHostPage += 4096) - 4096;

    /// <inheritdoc/>
    public void WriteHost(ulong address, ReadOnlySpan<byte> bytes) => machine.HostMemory.Write(new Hpa(address), bytes);

    /// <inheritdoc/>
    public byte[] ReadHost(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        machine.HostMemory.Read(new Hpa(address), bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public ulong[] DefaultTdmr()
    {
        ulong[] info = new ulong[64];
        info[TdmrInfo.Base / 8] = TdmrBase;
        info[TdmrInfo.Size / 8] = Gigabyte;
        info[TdmrInfo.Pamt4KBase / 8] = pamt;
        info[TdmrInfo.Pamt4KSize / 8] = Pamt4KBytes;
        info[TdmrInfo.Pamt2MBase / 8] = pamt + Pamt4KBytes;
        info[TdmrInfo.Pamt2MSize / 8] = Pamt2MBytes;
        info[TdmrInfo.Pamt1GBase / 8] = pamt + Pamt4KBytes + Pamt2MBytes;
        info[TdmrInfo.Pamt1GSize / 8] = Pamt1GBytes;
        return info;
    }

    /// <inheritdoc/>
    /// <remarks>One host flow for the many calls, as the kernel does it.</remarks>
    public void InitialiseTdmr()
    {
        Assert.That(machine.Execute(0, InitialiseTdmr), Is.EqualTo(TdxStatus.Success));
        machine.Parts.ReleaseLocks(ulong.MaxValue);
    }

    private async HostTask<TdxStatus> InitialiseTdmr(ICpu cpu)
    {
        while (true)
        {
            Seamsim.Host.Kernel.SeamcallResult result = await machine.Kernel.Tdh.SysTdmrInit(cpu, TdmrBase);
            if (!result.Ok || result.Rdx >= TdmrBase + Gigabyte)
                return result.Status;
        }
    }

    /// <inheritdoc/>
    public ISeamPlatform View(int lp) => machine.Cores[lp].SeamPlatform;

    /// <inheritdoc/>
    public bool TrySetMsr(int lp, uint msr, ulong value) => machine.Cores[lp].TryWrmsr(msr, value);

    /// <inheritdoc/>
    public void Dispose() => machine.Dispose();

    // The kernel's allocator keeps what it hands out away from its own structures.
    private ulong BelowTheHole(ulong bytes)
    {
        bool found = machine.Kernel.Pages.TryAllocateBlock(bytes, 4096, 0, 2 * Gigabyte, out Hpa block);
        Assert.That(found && block.Value < 2 * Gigabyte);
        return block.Value;
    }
}
