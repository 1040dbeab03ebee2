using Seamsim.Firmware.Abi;
using Seamsim.Firmware.Module;

namespace Seamsim.Tests.Firmware;

/// <summary>The rules of the module version the tests are about.</summary>
internal static class Rules
{
    public static ModuleRules Default { get; } = ModuleRules.Load(ModuleVersion.Default);
}
