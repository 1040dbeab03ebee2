using System.Diagnostics;
using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Isa.Float;

public sealed unsafe class Speed
{
    [Test, Explicit]
    public void Measure([Values(0, 1, 2, 3, 4, 5, 6, 7)] int kind)
    {
        using EngineRig rig = new();
        rig.Lp->Cr4 |= 0x40600;
        rig.Lp->Xcr0 = 7;
        rig.Core.ModeChanged();
        int n = 0;
        rig.Load(a =>
        {
            Label top = a.CreateLabel();
            Label outer = a.CreateLabel();
            a.mov(r8d, 100_000_000);
            a.Label(ref outer);
            a.mov(rsi, EngineRig.Data);
            a.mov(rdi, EngineRig.Data + 0x8000);
            a.mov(ecx, 256);
            a.Label(ref top);
            switch (kind)
            {
                case 0: // saxpy AVX2, mul + add
                    a.vmovups(ymm0, __[rsi]); a.vmulps(ymm0, ymm0, ymm2); a.vaddps(ymm0, ymm0, __[rdi]); a.vmovups(__[rdi], ymm0);
                    break;
                case 1: // fma
                    a.vmovups(ymm0, __[rsi]); a.vfmadd213ps(ymm0, ymm2, __[rdi]); a.vmovups(__[rdi], ymm0);
                    break;
                case 2: // sse2 packed double
                    a.movupd(xmm0, __[rsi]); a.mulpd(xmm0, xmm2); a.movupd(xmm1, __[rdi]); a.addpd(xmm0, xmm1); a.movupd(__[rdi], xmm0);
                    break;
                case 3: // scalar double
                    a.movsd(xmm0, __[rsi]); a.mulsd(xmm0, xmm2); a.addsd(xmm0, __[rdi]); a.movsd(__[rdi], xmm0);
                    break;
                case 4: // scalar: compare, min, div, sqrt
                    a.movsd(xmm0, __[rsi]); a.divsd(xmm0, xmm2); a.sqrtsd(xmm0, xmm0); a.minsd(xmm0, __[rdi]); a.ucomisd(xmm0, xmm2);
                    break;
                case 6: // moves only
                    a.movupd(xmm0, __[rsi]); a.movupd(xmm1, __[rdi]); a.movupd(xmm3, xmm1); a.movupd(__[rdi], xmm0);
                    break;
                case 7: // integers
                    a.add(r9, r10); a.add(r11, r10); a.add(r10, r9); a.xor(r9, r11); a.add(r12, r9);
                    break;
                case 5: // conversions
                    a.cvtsi2sd(xmm0, rcx); a.cvttsd2si(rax, xmm0); a.cvtsd2ss(xmm0, xmm0); a.roundsd(xmm0, xmm2, 9);
                    break;
            }
            a.add(rsi, 32); a.add(rdi, 32); a.dec(ecx); a.jne(top);
            a.dec(r8d); a.jne(outer); a.hlt();
        });
        Random random = new(1);
        for (int i = 0; i < 0x4000; i++)
            rig.Write(EngineRig.Data + (ulong)(i * 8), kind is 0 or 1
                ? BitConverter.SingleToUInt32Bits(random.NextSingle()) | (ulong)BitConverter.SingleToUInt32Bits(random.NextSingle()) << 32
                : BitConverter.DoubleToUInt64Bits(random.NextDouble()));
        for (int i = 0; i < 4; i++)
            ((ulong*)rig.Lp->Zmm)[16 + i] = kind is 0 or 1 ? 0x3f0000003f000001 : BitConverter.DoubleToUInt64Bits(0.7);
        rig.Run(20_000_000);
        TimeSpan start = Environment.CpuUsage.TotalTime;
        ulong before = rig.Lp->Instructions;
        rig.Run(20_000_000);
        double mips = (rig.Lp->Instructions - before) / (Environment.CpuUsage.TotalTime - start).TotalSeconds / 1e6;
        TestContext.Out.WriteLine($"kind {kind}: {mips:F1} MIPS mxcsr={rig.Lp->Mxcsr:x} {n}");
    }
}
