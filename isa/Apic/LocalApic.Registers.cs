namespace Seamsim.Isa.Apic;

/// <summary>
/// The registers, by their index: offset ÷ 16 in the xAPIC page, MSR − 800H in x2APIC mode. SDM vol. 3A, table 11-1
/// and table 11-6.
/// </summary>
public sealed unsafe partial class LocalApic
{
    private const int RegId = 0x02, RegVersion = 0x03, RegTpr = 0x08, RegApr = 0x09, RegPpr = 0x0A, RegEoi = 0x0B,
        RegLdr = 0x0D, RegDfr = 0x0E, RegSvr = 0x0F, RegIsr = 0x10, RegTmr = 0x18, RegIrr = 0x20, RegEsr = 0x28,
        RegLvtCmci = 0x2F, RegIcr = 0x30, RegIcrHigh = 0x31, RegLvtTimer = 0x32, RegLvtError = 0x37,
        RegInitialCount = 0x38, RegCurrentCount = 0x39, RegDivide = 0x3E, RegSelfIpi = 0x3F;

    private const uint VersionValue = 0x00060015; // version 15H, seven LVT entries
    private const uint Masked = 1u << 16;
    private readonly uint[] lvt = [Masked, Masked, Masked, Masked, Masked, Masked, Masked]; // CMCI, then 32H..37H
    private ulong interruptCommand;

    /// <summary>RDMSR of 800H..83FH; false is #GP(0).</summary>
    internal bool TryReadMsr(uint msr, out ulong value)
    {
        value = 0;
        int register = (int)(msr - 0x800);
        bool readable = register is not (RegApr or RegEoi or RegDfr or RegIcrHigh or RegSelfIpi);
        return IsX2Apic && readable && TryRead(register, out value);
    }

    /// <summary>WRMSR of 800H..83FH; false is #GP(0).</summary>
    internal bool TryWriteMsr(uint msr, ulong value)
    {
        int register = (int)(msr - 0x800);
        if (!IsX2Apic || register is RegId or RegLdr or RegDfr or RegIcrHigh)
            return false;
        if (register == RegIcr)
        {
            if ((value & 0xFFF32000) != 0)
                return false;
            interruptCommand = value;
            Send((uint)(value >> 32));
            return true;
        }
        return value <= uint.MaxValue && !HasReservedBits(register, (uint)value) && TryWrite(register, (uint)value);
    }

    /// <summary>Reads a register; false: there is none.</summary>
    internal bool TryRead(int register, out ulong value)
    {
        value = register switch
        {
            RegId                      => IsX2Apic ? Id : Id << 24,
            RegVersion                 => VersionValue,
            RegTpr                     => TaskPriority,
            RegApr or RegPpr           => ProcessorPriority,
            RegEoi                     => 0,
            RegLdr                     => IsX2Apic ? ((Id >> 4) << 16) | (1u << (int)(Id & 15)) : logicalDestination,
            RegDfr                     => destinationFormat,
            RegSvr                     => spurious,
            >= RegIsr and < RegIsr + 8 => isr.Register(register - RegIsr),
            >= RegTmr and < RegTmr + 8 => tmr.Register(register - RegTmr),
            >= RegIrr and < RegIrr + 8 => irr.Register(register - RegIrr),
            RegEsr                     => errors,
            RegIcr                     => IsX2Apic ? interruptCommand : (uint)interruptCommand,
            RegIcrHigh                 => interruptCommand >> 32,
            RegInitialCount            => initialCount,
            RegCurrentCount            => CurrentCount,
            RegDivide                  => divide,
            _                          => LvtIndex(register) is var i and >= 0 ? lvt[i] : ulong.MaxValue,
        };
        return value != ulong.MaxValue;
    }

    /// <summary>Writes a register; false: there is none, or it is read-only.</summary>
    internal bool TryWrite(int register, uint value)
    {
        switch (register)
        {
            case RegTpr:
                TaskPriority = value;
                core.Lp->Leave = 1;
                return true;
            case RegEoi:
                EndOfInterrupt();
                return true;
            case RegLdr:
                logicalDestination = value & 0xFF000000;
                return true;
            case RegDfr:
                destinationFormat = value | 0x0FFFFFFF;
                return true;
            case RegSvr:
                spurious = value & 0x13FF;
                if ((value & SoftwareEnable) == 0)
                    for (int i = 0; i < lvt.Length; i++)
                        lvt[i] |= Masked;
                return true;
            case RegEsr:
                (errors, pendingErrors) = (pendingErrors, 0);
                return true;
            case RegIcr:
                interruptCommand = (interruptCommand & 0xFFFFFFFF00000000) | value;
                Send((uint)(interruptCommand >> 56));
                return true;
            case RegIcrHigh:
                interruptCommand = (uint)interruptCommand | ((ulong)value << 32);
                return true;
            case RegInitialCount:
                StartTimer(value);
                return true;
            case RegDivide:
                divide = value & 0xB;
                return true;
            case RegSelfIpi when IsX2Apic:
                bus.Deliver(this, DeliveryMode.Fixed, (byte)value);
                return true;
            default:
                return TryWriteLvt(register, value);
        }
    }

    private bool TryWriteLvt(int register, uint value)
    {
        int index = LvtIndex(register);
        if (index < 0)
            return false;
        uint before = lvt[index];
        lvt[index] = IsSoftwareEnabled ? value : value | Masked;
        if (register == RegLvtTimer && TimerModeOf(before) != TimerModeOf(value))
            ResetTimer();
        return true;
    }

    private static int LvtIndex(int register) => register switch
    {
        RegLvtCmci                       => 0,
        >= RegLvtTimer and <= RegLvtError => register - RegLvtTimer + 1,
        _                                => -1,
    };

    // SDM vol. 3A, 11.12.1.2: writing a reserved bit in x2APIC mode is #GP(0).
    private static bool HasReservedBits(int register, uint value) => register switch
    {
        RegTpr      => value > 0xFF,
        RegEoi      => value != 0,
        RegEsr      => value != 0,
        RegSvr      => (value & ~0x11FFu) != 0,
        RegDivide   => (value & ~0xBu) != 0,
        RegSelfIpi  => value > 0xFF,
        RegLvtTimer => (value & ~0x710FFu) != 0 || (value & 0x60000) == 0x60000,
        _           => false,
    };

    // SDM vol. 3A, 11.6.1: ICR.
    private void Send(uint destination)
    {
        uint low = (uint)interruptCommand;
        var mode = (DeliveryMode)((low >> 8) & 7);
        byte vector = (byte)low;
        bool logical = (low & (1u << 11)) != 0, assert = (low & (1u << 14)) != 0, level = (low & (1u << 15)) != 0;
        if (mode == DeliveryMode.Init && level && !assert)
            return; // INIT level de-assert has no effect on these processors
        if (mode == DeliveryMode.Fixed && vector < 16)
        {
            pendingErrors |= 1u << 5;
            return;
        }
        switch ((low >> 18) & 3)
        {
            case 1:
                bus.Deliver(this, mode, vector);
                break;
            case 2:
                bus.SendToAll(null, mode, vector);
                break;
            case 3:
                bus.SendToAll(this, mode, vector);
                break;
            default:
                uint target = !IsX2Apic && !logical && destination == 0xFF ? uint.MaxValue : destination;
                if (logical)
                    bus.SendLogical(target, mode, vector);
                else
                    bus.SendPhysical(target, mode, vector);
                break;
        }
    }
}
