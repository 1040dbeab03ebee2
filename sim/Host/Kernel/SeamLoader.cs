using System.Buffers.Binary;
using System.Globalization;
using Seamsim.Isa;

namespace Seamsim.Host.Kernel;

/// <summary>A TDX module as the vendor ships it, taken apart.</summary>
/// <param name="SigStruct">SEAM_SIGSTRUCT: who signed what.</param>
/// <param name="Image">The module image.</param>
public sealed record TdxModuleImage(ReadOnlyMemory<byte> SigStruct, ReadOnlyMemory<byte> Image);

/// <summary>Loads a TDX module through the P-SEAMLDR: INFO, then INSTALL on every processor.</summary>
/// <remarks>
/// P-SEAMLDR interface: SEAMLDR_PARAMS is 4 KiB with version at 0, scenario at 4 (0 = load), the SIGSTRUCT's address at
/// 8, the number of module pages at 120 and their addresses from 128 on. The last processor's call does the work.
/// </remarks>
public sealed class SeamLoader(HostKernel kernel)
{
    private const int ParamsSigStruct = 8, ParamsPageCount = 120, ParamsPages = 128, MaxPages = 496;

    /// <summary>
    /// Loads <paramref name="module"/>; every processor must be in VMX operation. -ENODEV when there is no P-SEAMLDR,
    /// -E2BIG when the image has more than 496 pages, -EIO when the loader refuses.
    /// </summary>
    public async HostTask<Errno> Install(ICpu cpu, TdxModuleImage module)
    {
        int pages = Pages(module.Image.Length);
        if (pages > MaxPages)
            return Errno.E2BIG;
        ulong bytes = (ulong)(1 + Pages(module.SigStruct.Length) + pages) * PageAllocator.PageSize;
        if (!kernel.Pages.TryAllocateBlock(bytes, PageAllocator.PageSize, 0, ulong.MaxValue, out Hpa block))
            return Errno.ENOMEM;
        Fill(block, module, pages);

        Errno error = await kernel.OnEachCpu(cpu, there => Call(there, SeamcallLeaf.SEAMLDR_INSTALL, block.Value));
        kernel.Pages.FreeBlock(block, bytes);
        if (error == Errno.Ok)
            kernel.Log(cpu, "virt/tdx: P-SEAMLDR installed the TDX module on every CPU");
        return error;
    }

    /// <summary>SEAMLDR.INFO: the 256 bytes, or null when the P-SEAMLDR does not answer.</summary>
    public async HostTask<byte[]?> Info(ICpu cpu)
    {
        if (!kernel.TryZeroedPage(out Hpa page))
            return null;
        byte[]? info = null;
        if (await Call(cpu, SeamcallLeaf.SEAMLDR_INFO, page.Value) == Errno.Ok)
        {
            info = new byte[256];
            kernel.Platform.Memory.Read(page, info);
        }
        kernel.Pages.Free(page);
        return info;
    }

    private void Fill(Hpa block, TdxModuleImage module, int pages)
    {
        Hpa sigStruct = block + PageAllocator.PageSize;
        Hpa image = sigStruct + ((ulong)Pages(module.SigStruct.Length) * PageAllocator.PageSize);
        byte[] parameters = new byte[PageAllocator.PageSize];
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.AsSpan(ParamsSigStruct), sigStruct.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.AsSpan(ParamsPageCount), (ulong)pages);
        for (int i = 0; i < pages; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(
                parameters.AsSpan(ParamsPages + (8 * i)), image.Value + ((ulong)i * PageAllocator.PageSize));
        kernel.Platform.Memory.Write(block, parameters);
        kernel.Platform.Memory.Write(sigStruct, Padded(module.SigStruct));
        kernel.Platform.Memory.Write(image, Padded(module.Image));
    }

    private async HostTask<Errno> Call(ICpu cpu, SeamcallLeaf leaf, ulong rcx)
    {
        SeamcallArguments arguments = new() { Rcx = rcx };
        SeamcallResult result = await kernel.Seam.Once(cpu, leaf, arguments);
        if (result.Ok)
            return Errno.Ok;
        kernel.Log(cpu, string.Create(
            CultureInfo.InvariantCulture, $"virt/tdx: P-SEAMLDR call {leaf} failed: 0x{result.Status.Value:x}"));
        return result.Status == SoftwareStatus.VmFailInvalid ? Errno.ENODEV : Errno.EIO;
    }

    private static int Pages(int bytes) => (bytes + 4095) / 4096;

    private static byte[] Padded(ReadOnlyMemory<byte> bytes)
    {
        byte[] padded = new byte[Pages(bytes.Length) * 4096];
        bytes.CopyTo(padded);
        return padded;
    }
}
