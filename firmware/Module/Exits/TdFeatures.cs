namespace Seamsim.Firmware.Module;

/// <summary>What a TD was configured with, as far as MSR and instruction virtualization depend on it.</summary>
[Flags]
internal enum TdFeatures : uint
{
#pragma warning disable CS1591 // the names are the manual's
    None = 0,
    Perfmon = 1 << 0,
    PerfMetrics = 1 << 1,
    WaitPkg = 1 << 2,
    Tsx = 1 << 3,
    Xfd = 1 << 4,
    Pt = 1 << 5,
    Cet = 1 << 6,
    Lbr = 1 << 7,
    Uintr = 1 << 8,
    Pks = 1 << 9,
    Mktme = 1 << 10,
    Dca = 1 << 11,
    Tme = 1 << 12,
    TscDeadline = 1 << 13,
    Monitor = 1 << 14,
    Debug = 1 << 15,
    UarchMiscCtl = 1 << 16,
#pragma warning restore CS1591
}
