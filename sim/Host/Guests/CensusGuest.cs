using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Host.Guests;

/// <summary>
/// Counts what a TD sees: executes CPUID for every row of <see cref="CensusPlan"/> and tells the VMM the registers and
/// whether #VE was raised; then writes the MSRs of the features it found. The report is
/// <see cref="CensusReport"/>'s to read.
/// </summary>
internal static class CensusGuest
{
    private const int LeafRowBytes = 8, FeatureRowBytes = 32;

    // Offsets of a feature row.
    private const int SubleafAt = 4, RegisterAt = 8, BitAt = 12, MsrAt = 16, ValueAt = 20, ValueHighAt = 24;

    public static void Write(GuestCode g)
    {
        g.VeCounter = GuestLayout.Buffers;
        ExecuteCpuid(g, g.AddBytes(LeafRows()));
        WriteMsrs(g, g.AddBytes(FeatureRows()));
        g.Exit(0);
    }

    private static void ExecuteCpuid(GuestCode g, uint table)
    {
        Label next = g.A.CreateLabel();
        g.A.mov(esi, table);
        g.A.mov(edi, CensusPlan.Leaves.Count);
        g.A.Label(ref next);
        g.A.mov(__dword_ptr[GuestLayout.Buffers], 0);
        g.A.mov(eax, __dword_ptr[rsi]);
        g.A.mov(ecx, __dword_ptr[rsi + SubleafAt]);
        g.A.cpuid();
        foreach (AssemblerRegister64 register in (AssemblerRegister64[])[rdx, rcx, rbx, rax])
            g.A.push(register);
        g.A.mov(ebx, __dword_ptr[GuestLayout.Buffers]);
        g.Report(ebx);
        for (int i = 0; i < 4; i++)
        {
            g.A.pop(rbx);
            g.Report(ebx);
        }
        g.A.add(rsi, LeafRowBytes);
        g.A.dec(edi);
        g.A.jnz(next);
    }

    private static void WriteMsrs(GuestCode g, uint table)
    {
        Label next = g.A.CreateLabel(), absent = g.A.CreateLabel();
        g.A.mov(esi, table);
        g.A.mov(edi, CensusPlan.Features.Count);
        g.A.Label(ref next);
        g.A.mov(eax, __dword_ptr[rsi]);
        g.A.mov(ecx, __dword_ptr[rsi + SubleafAt]);
        g.A.cpuid();
        foreach (AssemblerRegister64 register in (AssemblerRegister64[])[rdx, rcx, rbx, rax])
            g.A.push(register);
        g.A.mov(eax, __dword_ptr[rsi + RegisterAt]);
        g.A.mov(ebx, __dword_ptr[rsp + rax * 8]);
        g.A.add(rsp, 32);
        g.A.mov(eax, __dword_ptr[rsi + BitAt]);
        g.A.bt(ebx, eax);
        g.A.mov(ebx, 0);
        g.A.jnc(absent);
        g.A.mov(ecx, __dword_ptr[rsi + MsrAt]);
        g.A.mov(eax, __dword_ptr[rsi + ValueAt]);
        g.A.mov(edx, __dword_ptr[rsi + ValueHighAt]);
        g.A.wrmsr();
        g.A.mov(ebx, 1);
        g.A.Label(ref absent);
        g.Report(ebx);
        g.A.add(rsi, FeatureRowBytes);
        g.A.dec(edi);
        g.A.jnz(next);
    }

    private static byte[] LeafRows()
    {
        byte[] bytes = new byte[CensusPlan.Leaves.Count * LeafRowBytes];
        for (int i = 0; i < CensusPlan.Leaves.Count; i++)
        {
            Span<byte> row = bytes.AsSpan(i * LeafRowBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(row, CensusPlan.Leaves[i].Leaf);
            BinaryPrimitives.WriteUInt32LittleEndian(row[SubleafAt..], CensusPlan.Leaves[i].Subleaf);
        }
        return bytes;
    }

    private static byte[] FeatureRows()
    {
        byte[] bytes = new byte[CensusPlan.Features.Count * FeatureRowBytes];
        for (int i = 0; i < CensusPlan.Features.Count; i++)
        {
            FeatureMsr feature = CensusPlan.Features[i];
            Span<byte> row = bytes.AsSpan(i * FeatureRowBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(row, feature.Leaf);
            BinaryPrimitives.WriteUInt32LittleEndian(row[SubleafAt..], feature.Subleaf);
            BinaryPrimitives.WriteInt32LittleEndian(row[RegisterAt..], feature.Register);
            BinaryPrimitives.WriteInt32LittleEndian(row[BitAt..], feature.Bit);
            BinaryPrimitives.WriteUInt32LittleEndian(row[MsrAt..], feature.Msr);
            BinaryPrimitives.WriteUInt64LittleEndian(row[ValueAt..], feature.Value);
        }
        return bytes;
    }
}
