using Seamsim.Firmware.Loader;
using Seamsim.Firmware.Module;
using Seamsim.Host.Kernel;

namespace Seamsim;

/// <summary>The TDX module as the host gets it: a file whose image names the C# module behind it.</summary>
internal static class ModuleImage
{
    /// <summary>Key of a module in the P-SEAMLDR's registry.</summary>
    public static string NameOf(ModuleDefinition module) =>
        $"tdx-module {module.Base}{(module.Overlays.Count == 0 ? "" : $"+{module.Name}")}";

    /// <summary>Packs it.</summary>
    public static TdxModuleImage Build(ModuleDefinition module)
    {
        ModuleBlob blob = ModuleBlob.Build(new ModuleManifest
        {
            Module = NameOf(module),
            Needs = TdxModule.Needs,
            SeamcallEntryOffset = TdxModule.SeamcallEntryOffset,
            TdExitEntryOffset = TdxModule.TdExitEntryOffset,
        });
        return new TdxModuleImage(blob.SigStruct, blob.Image);
    }
}
