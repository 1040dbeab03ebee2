using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Loader;
using Seamsim.Firmware.Module;
using Seamsim.Host.Kernel;

namespace Seamsim;

/// <summary>The TDX module as the host gets it: a file whose image names the C# module behind it.</summary>
internal static class ModuleImage
{
    /// <summary>Key of the module in the P-SEAMLDR's registry.</summary>
    public static string Name => $"tdx-module {ModuleVersion.Default}";

    /// <summary>Packs it.</summary>
    public static TdxModuleImage Build()
    {
        ModuleBlob blob = ModuleBlob.Build(new ModuleManifest
        {
            Module = Name,
            Needs = TdxModule.Needs,
            SeamcallEntryOffset = TdxModule.SeamcallEntryOffset,
            TdExitEntryOffset = TdxModule.TdExitEntryOffset,
        });
        return new TdxModuleImage(blob.SigStruct, blob.Image);
    }
}
