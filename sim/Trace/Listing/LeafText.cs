using Seamsim.Firmware.Abi;

namespace Seamsim.Trace;

/// <summary>Leaves and their statuses in words.</summary>
public static class LeafText
{
    /// <summary>The name of a leaf as the ABI writes it, or its class and number.</summary>
    /// <param name="class">Who is called.</param>
    /// <param name="rax">RAX at entry: leaf number in 15:0.</param>
    public static string NameOf(LeafClass @class, ulong rax)
    {
        if (@class == LeafClass.Tdvmcall)
            return "TDG.VP.VMCALL";
        LeafSide side = @class switch
        {
            LeafClass.Seamcall => LeafSide.Host,
            LeafClass.SeamcallLoader => LeafSide.Seamldr,
            _ => LeafSide.Guest,
        };
        int number = (int)(rax & 0xFFFF);
        return LeafCatalog.Find(side, number)?.Name ?? $"{side} leaf {number}";
    }

    /// <summary>The name of a completion status.</summary>
    /// <param name="class">Who was called.</param>
    /// <param name="rax">RAX at exit.</param>
    public static string StatusOf(LeafClass @class, ulong rax) => @class switch
    {
        LeafClass.SeamcallLoader when Enum.IsDefined((SeamldrStatus)rax) => ((SeamldrStatus)rax).ToString(),
        LeafClass.SeamcallLoader => $"0x{rax:x}",
        _ => new TdxStatus(rax).ToString(),
    };
}
