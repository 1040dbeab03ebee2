using System.Globalization;
using Seamsim.Host.Guests;
using Seamsim.Oracle;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Integration;

/// <summary>What the oracle says of an MSR is what a TD reads when it executes RDMSR.</summary>
[TestFixture]
internal sealed class MsrAnswerTests
{
    private static readonly uint[] Msrs = [0x10A, 0x1A0, 0x345, 0xBD];

    [Test]
    public void A_TD_that_executes_RDMSR_reads_what_the_oracle_answers()
    {
        const uint hleAndRtm = 1u << 4 | 1u << 11;
        using TdRig rig = new(BuiltInGuests.Build("rdmsr", Write));
        rig.Run();
        ulong[] read =
        [
            .. rig.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                .Chunk(2).Select(halves => halves[0] << 32 | halves[1]),
        ];
        CpuidAnswer answer = CpuidOracle.Ask(rig.Machine, new CpuidQuestion
        {
            Attributes = rig.Config.Attributes,
            Xfam = rig.Config.Xfam,
            // KVM keeps TSX from the TD, and with it IA32_ARCH_CAPABILITIES.TSX_CTRL.
            Settings = [new CpuidSetting(7, 0, 1, hleAndRtm, 0)],
        });
        Assert.That(answer.Msrs.Select(msr => (msr.Number, msr.Seen)), Is.EqualTo(Msrs.Zip(read)));
    }

    // High half and low half of each, in hex.
    private static void Write(GuestCode g)
    {
        foreach (uint msr in Msrs)
        {
            g.A.mov(ecx, msr);
            g.A.rdmsr();
            g.A.mov(r8d, edx);
            g.A.mov(r9d, eax);
            g.PrintHex(r8d);
            g.Print(" ");
            g.PrintHex(r9d);
            g.Print(" ");
        }
        g.Exit(0);
    }
}
