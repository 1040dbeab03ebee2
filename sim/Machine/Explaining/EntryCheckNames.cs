using System.Reflection;
using Seamsim.Isa.State;

namespace Seamsim.Explaining;

/// <summary>VM-entry checks by their id: found on the methods that implement them.</summary>
internal static class EntryCheckNames
{
    private const string AttributeName = "EntryCheckAttribute";

    /// <summary>Properties of the check with an id, or null.</summary>
    public static IReadOnlyList<(string Name, string Text)>? Find(string id)
    {
        foreach (Type type in typeof(Core).Assembly.GetTypes())
            foreach (MethodInfo method in type.GetMethods(
                BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
                foreach (CustomAttributeData mark in method.CustomAttributes)
                    if (mark.AttributeType.Name == AttributeName && mark.ConstructorArguments[0].Value as string == id)
                        return
                        [
                            ("rule", method.Name),
                            ("group", type.Name),
                            ("on failure", mark.ConstructorArguments.Count > 1
                                ? $"{mark.ConstructorArguments[1].ArgumentType.Name} "
                                    + mark.ConstructorArguments[1].Value
                                : "VM entry fails"),
                        ];
        return null;
    }
}
