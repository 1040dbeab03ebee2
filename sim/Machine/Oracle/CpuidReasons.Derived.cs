using System.Globalization;
using Seamsim.Firmware.Abi;

namespace Seamsim.Oracle;

/// <content>Fields that follow from other parts of the configuration, or from the moment.</content>
internal sealed partial class CpuidReasons
{
    private const uint XstateLeaf = 0xD, Legacy = 576;
    private const int Components = 19, La57Bit = 16, XfdCapableBit = 2;
    private const ulong UserComponents = 0x602FF;

    private CpuidReason Attribute(CpuidField field)
    {
        // "= ATTRIBUTES.PKS (bit 30)".
        int open = field.Detail.IndexOf("(bit ", StringComparison.Ordinal);
        int bit = int.Parse(field.Detail.AsSpan(open + 5).TrimEnd(')'), CultureInfo.InvariantCulture);
        uint value = (uint)(answer.Question.Attributes >> bit & 1);
        string name = CpuidNames.Of(1UL << bit, CpuidNames.AttributeBits);
        return new CpuidReason(ReasonKind.Attributes, value, $"follows ATTRIBUTES.{name}, which is {value}");
    }

    private CpuidReason Tsc() => new(
        ReasonKind.Tsc, answer.TscFrequency, string.Create(
            CultureInfo.InvariantCulture, $"from TD_PARAMS.TSC_FREQUENCY: {answer.TscFrequency} x 25 MHz"));

    private CpuidReason Dynamic(CpuidField field) =>
        new(ReasonKind.Dynamic, 0, $"changes while the TD runs: {field.Detail}; the TDCS holds 0");

    private CpuidReason Calculated(CpuidField field)
    {
        if (field.Leaf == XstateLeaf)
        {
            uint bytes = XsaveBytes(answer.Question.Xfam & UserComponents);
            return new CpuidReason(
                ReasonKind.Calculated, bytes, "calculated: bytes of an XSAVE area for the user components in XFAM");
        }
        CpuidLeafAnswer features = answer.Leaves[answer.Tables.Cpuid.Find(7, 0)!.Index];
        uint la57 = (features.Native.Ecx & features.Wanted.Ecx) >> La57Bit & 1;
        return new CpuidReason(
            ReasonKind.Calculated, la57 != 0 ? 57u : 48u, $"calculated: LA57 (0x7.0.ECX[16]) of the TD is {la57}");
    }

    private CpuidReason Xfd(CpuidField field)
    {
        uint native = NativeOf(field);
        if (native == 0)
            return new CpuidReason(ReasonKind.Native, 0, "native: the processor lacks it");
        for (int i = 2; i < Components; i++)
            if ((answer.Question.Xfam >> i & 1) != 0 && (Component(i).Ecx >> XfdCapableBit & 1) != 0)
                return new CpuidReason(
                    ReasonKind.Calculated, native,
                    $"calculated: XFAM {CpuidNames.Bit(i, CpuidNames.XfamBits)} is 1, and that component can be faulted");
        return new CpuidReason(ReasonKind.XfamOff, 0, "off because no component in XFAM can be faulted with IA32_XFD");
    }

    // The standard format: the end of the last component.
    private uint XsaveBytes(ulong components)
    {
        uint end = Legacy;
        for (int i = 2; i < Components; i++)
            if ((components >> i & 1) != 0)
                end = Math.Max(end, Component(i).Ebx + Component(i).Eax);
        return end;
    }

    private CpuidRegisters Component(int component) =>
        answer.Leaves[answer.Tables.Cpuid.Find(XstateLeaf, (uint)component)!.Index].Native;
}
