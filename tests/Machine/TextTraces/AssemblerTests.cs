using Seamsim.TextTraces.Assembling;

namespace Seamsim.Tests.Machines.TextTraces;

/// <summary>Intel syntax as people write it.</summary>
[TestFixture]
internal sealed class AssemblerTests
{
    private const ulong Rip = 0x10_0000;

    [TestCase("add rax, rbx", "4801D8")]
    [TestCase("ADD RAX,RBX", "4801D8")]
    [TestCase("mov eax, 1", "B801000000")]
    [TestCase("mov rax, -1", "48C7C0FFFFFFFF")]
    [TestCase("mov rax, 0x123456789", "48B88967452301000000")]
    [TestCase("push 0x1234", "6834120000")]
    [TestCase("push -1", "6AFF")]
    [TestCase("ret", "C3")]
    [TestCase("retf", "CB")]
    [TestCase("jz 0x100010", "740E")]
    [TestCase("jz near 0x100010", "0F840A000000")]
    [TestCase("call label", "E8FB0F0000")]
    [TestCase("jmp short label-0xFF0", "EB0E")]
    [TestCase("mov rax, [label]", "488B05F90F0000")]
    [TestCase("mov rax, [rel 0x101000]", "488B05F90F0000")]
    [TestCase("mov rax, [rip+0x10]", "488B0510000000")]
    [TestCase("lea rdi, [rbx+label]", "488DBB00101000")]
    [TestCase("mov rcx, label", "48C7C100101000")]
    [TestCase("mov al, [0x1122334455667788]", "A08877665544332211")]
    [TestCase("mov byte ptr gs:[rax+rcx*8-0x10], 5", "65C644C8F005")]
    [TestCase("mov qword ptr [8*rcx+rax], rdx", "488914C8")]
    [TestCase("mov [rsp+rax], cl", "880C04")]
    [TestCase("lock xadd [rdi], rax", "F0480FC107")]
    [TestCase("rep movsb", "F3A4")]
    [TestCase("repne scasb", "F2AE")]
    [TestCase("rep movs byte ptr es:[rdi], byte ptr [rsi]", "F3A4")]
    [TestCase("seamcall", "660F01CF")]
    [TestCase("tdcall", "660F01CC")]
    [TestCase("movdir64b rax, [rdx]", "660F38F802")]
    [TestCase("movsd xmm0, qword ptr [rax]", "F20F1000")]
    [TestCase("movsd", "A5")]
    [TestCase("vcmpeqps ymm1, ymm2, ymm3", "C5ECC2CB00")]
    [TestCase("vaddpd zmm1{k2}{z}, zmm3, qword ptr [rax]{1to8}", "62F1E5DA5808")]
    [TestCase("vaddpd zmm1, zmm3, zmm4, {rn-sae}", "62F1E51858CC")]
    [TestCase("vpgatherdd zmm0{k1}, dword ptr [rax+zmm2*4]", "62F27D49900490")]
    [TestCase("fadd st, st(1)", "D8C1")]
    [TestCase("fld tbyte ptr [rax]", "DB28")]
    [TestCase("imul ecx, 5", "6BC905")]
    [TestCase("shl eax, 1", "D1E0")]
    [TestCase("shl eax, cl", "D3E0")]
    [TestCase("xchg rcx, rax", "4891")]
    [TestCase("in al, dx", "EC")]
    [TestCase("mov cr3, rax", "0F22D8")]
    [TestCase("cmovnae eax, ebx", "0F42C3")]
    [TestCase("nop", "90")]
    [TestCase("monitor", "0F01C8")]
    [TestCase("vmsave rax", "0F01DB")]
    [TestCase("iretq", "48CF")]
    [TestCase("bnd jmp rax", "F2FFE0")]
    public void A_line_becomes_the_shortest_encoding(string text, string bytes) =>
        Assert.That(Convert.ToHexString(Assemble(text)), Is.EqualTo(bytes));

    [TestCase("adx rax, rbx", "did you mean")]
    [TestCase("vaddpp ymm0, ymm1, ymm2", "did you mean vaddpd?")]
    [TestCase("movs", "movs does not exist without operands")]
    [TestCase("movs [rdi], [rsi]", "say how large the memory operand is")]
    [TestCase("fnord", "there is no instruction \"fnord\"")]
    [TestCase("add rax, ebx", "add does not exist with such operands")]
    [TestCase("add rax", "add does not exist with such operands")]
    [TestCase("add", "add does not exist without operands")]
    [TestCase("add rax, 0x123456789A", "does not exist with such operands")]
    [TestCase("mov al, 256", "does not exist with such operands")]
    [TestCase("mov al, -129", "does not exist with such operands")]
    [TestCase("inc [rax]", "say how large the memory operand is")]
    [TestCase("movzx eax, [rax]", "say how large the memory operand is")]
    [TestCase("mov rax, [rbx+rcx+rdx]", "a base, an index and a displacement")]
    [TestCase("mov rax, [rbx*3]", "expected a scale of 1, 2, 4 or 8")]
    [TestCase("mov rax, [rbx+ecx]", "does not exist with such operands")]
    [TestCase("mov rax, [rbx", "expected \"]\" at the end of the line")]
    [TestCase("mov rax, [-rbx]", "a register cannot be subtracted")]
    [TestCase("mov rax, [ax]", "ax cannot be part of an address")]
    [TestCase("mov rax, rbx rcx", "expected \",\" or the end of the line before \"rcx\"")]
    [TestCase("mov rax, 0xG", "\"0xG\" is no 64-bit number")]
    [TestCase("mov rax, 0x11112222333344445", "is no 64-bit number")]
    [TestCase("mov rax, \"x\"", "'\"' belongs to no operand")]
    [TestCase("lock nop", "nop does not exist")]
    [TestCase("lock add rax, rbx", "add does not exist")]
    [TestCase("rep add rax, rbx", "add does not exist")]
    [TestCase("vaddps zmm0{k9}, zmm1, zmm2", "expected {k1}..{k7}")]
    [TestCase("add rax{k1}, rbx", "add does not exist")]
    [TestCase("vaddps zmm0, zmm1, dword ptr [rax]{1to8}", "vaddps does not exist")]
    [TestCase("jmp short 0x200000", "jmp does not exist")]
    [TestCase("mov rax, [rsp*2]", "mov does not exist")]
    [TestCase("mov ah, sil", "mov does not exist")]
    [TestCase("pi2fd mm0, qword ptr [r8]", "pi2fd does not exist")]
    public void What_cannot_be_assembled_is_said_and_never_becomes_something_else(string text, string reason)
    {
        AssemblyException? wrong = Assert.Throws<AssemblyException>(() => Assemble(text));
        Assert.That(wrong!.Message, Does.Contain(reason));
    }

    private static byte[] Assemble(string text) =>
        new TextAssembler().Assemble(AssemblyParser.Parse(text), Rip, name => name == "label" ? 0x10_1000UL
            : throw new AssemblyException($"no label {name}"));
}
