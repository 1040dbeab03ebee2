using System.Buffers.Binary;
using Iced.Intel;
using Seamsim.Isa.State;
using Seamsim.TextTraces.Assembling;

namespace Seamsim.TextTraces;

/// <summary>Where a register or flag of a text trace lives.</summary>
internal enum RegisterPlace : byte
{
    /// <summary>A general register or a part of one.</summary>
    General,

    /// <summary>RIP.</summary>
    Rip,

    /// <summary>RFLAGS or one flag of it.</summary>
    Flags,

    /// <summary>A selector.</summary>
    Selector,

    /// <summary>CR0, CR2, CR3, CR4.</summary>
    Control,

    /// <summary>The low 128 bits of a vector register.</summary>
    Vector,
}

/// <summary>A register or flag that directives can name.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Place">Where it lives.</param>
/// <param name="Index">Its number there.</param>
/// <param name="Shift">First bit.</param>
/// <param name="Bits">Number of bits.</param>
internal readonly unsafe record struct RegisterField(string Name, RegisterPlace Place, int Index, int Shift, int Bits)
{
    private static readonly (string Name, int Bit)[] FlagNames =
    [
        ("cf", 0), ("pf", 2), ("af", 4), ("zf", 6), ("sf", 7), ("tf", 8), ("if", 9), ("df", 10), ("of", 11), ("nt", 14),
        ("rf", 16), ("ac", 18), ("id", 21),
    ];

    /// <summary>What fits.</summary>
    public UInt128 Mask => Bits == 128 ? UInt128.MaxValue : (UInt128.One << Bits) - 1;

    /// <summary>Whether <c>.reg</c> can set it.</summary>
    public bool IsWritable => Place is RegisterPlace.General or RegisterPlace.Flags or RegisterPlace.Vector;

    /// <summary>Finds a register by name; null when there is none.</summary>
    public static RegisterField? Find(string text)
    {
        string name = text.ToLowerInvariant();
        string flag = name.StartsWith("rflags.", StringComparison.Ordinal) ? name[7..] : name;
        foreach ((string candidate, int bit) in FlagNames)
            if (candidate == flag)
                return new RegisterField(name, RegisterPlace.Flags, 0, bit, 1);
        switch (name)
        {
            case "rip":    return new RegisterField(name, RegisterPlace.Rip, 0, 0, 64);
            case "rflags": return new RegisterField(name, RegisterPlace.Flags, 0, 0, 64);
        }
        Register register = RegisterNames.Find(name);
        if (register.IsGPR())
        {
            bool high = register is >= Register.AH and <= Register.BH;
            int bits = 8 * register.GetSize();
            int index = register.GetFullRegister() - Register.RAX;
            return new RegisterField(name, RegisterPlace.General, index, high ? 8 : 0, bits);
        }
        if (register.IsSegmentRegister())
            return new RegisterField(name, RegisterPlace.Selector, register - Register.ES, 0, 16);
        if (register is Register.CR0 or Register.CR2 or Register.CR3 or Register.CR4)
            return new RegisterField(name, RegisterPlace.Control, register - Register.CR0, 0, 64);
        if (register.IsXMM() && register <= Register.XMM15)
            return new RegisterField(name, RegisterPlace.Vector, register - Register.XMM0, 0, 128);
        return null;
    }

    /// <summary>Its value now.</summary>
    public UInt128 Read(Core core)
    {
        LogicalProcessor* lp = core.Lp;
        UInt128 whole = Place switch
        {
            RegisterPlace.General => lp->Gpr[Index],
            RegisterPlace.Rip => lp->Rip,
            RegisterPlace.Flags => core.Rflags,
            RegisterPlace.Selector => (&lp->Es)[Index].Selector,
            RegisterPlace.Control => Index switch { 0 => lp->Cr0, 2 => lp->Cr2, 3 => lp->Cr3, _ => lp->Cr4 },
            _ => BinaryPrimitives.ReadUInt128LittleEndian(core.Extended.Xmm(Index)),
        };
        return (whole >> Shift) & Mask;
    }

    /// <summary>Sets it; a 32-bit register clears the upper half, as instructions do.</summary>
    public void Write(Core core, UInt128 value)
    {
        value &= Mask;
        switch (Place)
        {
            case RegisterPlace.General:
                ulong keep = Bits >= 32 ? 0 : core.Lp->Gpr[Index] & ~((ulong)Mask << Shift);
                core.Lp->Gpr[Index] = keep | ((ulong)value << Shift);
                break;
            case RegisterPlace.Flags:
                core.Rflags = Bits == 64
                    ? ((ulong)value & RflagsBit.Defined) | RflagsBit.Fixed1
                    : (core.Rflags & ~(1UL << Shift)) | ((ulong)value << Shift);
                break;
            case RegisterPlace.Vector:
                BinaryPrimitives.WriteUInt128LittleEndian(core.Extended.Xmm(Index), value);
                break;
            default:
                throw new InvalidOperationException($"{Name} is not set by a text trace");
        }
    }
}
