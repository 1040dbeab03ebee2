using Iced.Intel;
using Seamsim.Tests.Isa.Engine;
using static Iced.Intel.AssemblerRegisters;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>
/// Programs that do a bit of everything: arithmetic, memory on one and on two pages, stack, calls, strings, faults that
/// a handler steps over, and code that changes itself. RDI points to data; RBP counts rounds.
/// </summary>
internal static unsafe class RandomPrograms
{
    private const int Subroutine = 0x2000, AbsentPage = 0x500000;

    private static readonly AssemblerRegister64[] Registers = [rax, rcx, rdx, rbx, rsi, r8, r9, r10, r11, r12];

    public static EngineRig Build(int seed)
    {
        EngineRig rig = new();
        Random random = new(seed);
        rig.ChangePte(AbsentPage, 1);
        rig.Load(a =>
        {
            a.add(__qword_ptr[rsp], 2); // steps over UD2
            a.iretq();
        }, EngineRig.Handlers + 0x800);
        rig.SetGate(6, EngineRig.Handlers + 0x800, 0x8E);
        rig.Load(a =>
        {
            a.add(rsp, 8);
            a.add(__qword_ptr[rsp], 7); // steps over MOV EAX, [disp32]
            a.iretq();
        }, EngineRig.Handlers + 0x900);
        rig.SetGate(14, EngineRig.Handlers + 0x900, 0x8E);
        rig.Load(a =>
        {
            for (int i = 0; i < 5; i++)
                Simple(a, random);
            a.ret();
        }, EngineRig.Code + Subroutine);
        rig.Load(a => Body(a, random));
        for (int i = 0; i < 16; i++)
            if (i is not (4 or 5 or 7))
                rig.Lp->Gpr[i] = (ulong)random.NextInt64();
        return rig;
    }

    private static void Body(Assembler a, Random random)
    {
        Label round = a.CreateLabel();
        a.mov(rdi, EngineRig.Data);
        a.mov(ebp, 30);
        a.cld();
        a.Label(ref round);
        for (int i = 0; i < 60; i++)
            Piece(a, random);
        a.dec(ebp);
        a.jnz(round);
        a.hlt();
    }

    private static void Piece(Assembler a, Random random)
    {
        AssemblerRegister64 register = Registers[random.Next(Registers.Length)];
        switch (random.Next(14))
        {
            case 0:
                Label over = a.CreateLabel();
                a.test(register, random.Next(1, 64));
                a.jz(over);
                Simple(a, random);
                a.Label(ref over);
                break;
            case 1:
                a.push(register);
                a.pop(Registers[random.Next(Registers.Length)]);
                break;
            case 2:
                a.call(EngineRig.Code + Subroutine);
                break;
            case 3:
                a.mov(__qword_ptr[rdi + 0xFFC], register); // across a page
                a.add(register, __qword_ptr[rdi + 0x1FFD]);
                break;
            case 4:
                Copy(a, random);
                break;
            case 5:
                a.ud2();
                break;
            case 6:
                a.db(0x8B, 0x04, 0x25, 0x00, 0x00, 0x50, 0x00); // mov eax, [0x500000]: not present
                break;
            case 7:
                Patch(a, register);
                break;
            case 8:
                a.push(__qword_ptr[rdi + (random.Next(64) * 8)]);
                a.pop(__qword_ptr[rdi + (random.Next(64) * 8)]);
                break;
            case 9:
                a.cmpxchg(__qword_ptr[rdi + (random.Next(4) * 8)], register);
                break;
            case 10:
                a.xadd(__qword_ptr[rdi + (random.Next(64) * 8)], register);
                break;
            default:
                Simple(a, random);
                break;
        }
    }

    private static void Copy(Assembler a, Random random)
    {
        a.push(rdi);
        a.lea(rsi, __[rdi + random.Next(0x400)]);
        a.add(rdi, 0xF00 + random.Next(0x100));
        a.mov(ecx, random.Next(40));
        if (random.Next(2) == 0)
            a.rep.movsb();
        else
            a.rep.stosq();
        a.pop(rdi);
    }

    /// <summary>Writes the immediate of an instruction a few bytes on, in the same block.</summary>
    private static void Patch(Assembler a, AssemblerRegister64 register)
    {
        Label immediate = a.CreateLabel();
        a.mov(__byte_ptr[immediate], new AssemblerRegister8(register.Value - Register.RAX < 4
            ? Register.AL + (register.Value - Register.RAX) : Register.DL));
        a.db(0x04); // add al, imm8
        a.Label(ref immediate);
        a.db(0x00);
    }

    private static void Simple(Assembler a, Random random)
    {
        AssemblerRegister64 first = Registers[random.Next(Registers.Length)], second = Registers[random.Next(Registers.Length)];
        int at = random.Next(64) * 8;
        switch (random.Next(12))
        {
            case 0: a.add(first, second); break;
            case 1: a.imul(first, second, 77); break;
            case 2: a.mov(first, __qword_ptr[rdi + at]); break;
            case 3: a.mov(__qword_ptr[rdi + at], first); break;
            case 4: a.xor(first, __qword_ptr[rdi + at]); break;
            case 5: a.add(__qword_ptr[rdi + at], first); break;
            case 6: a.rol(first, 7); break;
            case 7: a.cmovb(first, second); break;
            case 8: a.cmp(first, __qword_ptr[rdi + at]); break;
            case 9: a.inc(__byte_ptr[rdi + at]); break;
            case 10: a.movzx(first, __word_ptr[rdi + at]); break;
            default: a.not(first); break;
        }
    }
}
