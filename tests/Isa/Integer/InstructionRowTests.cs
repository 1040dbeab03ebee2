namespace Seamsim.Tests.Isa.Integer;

/// <summary>Rows by hand from the Operation sections of SDM vol. 2.</summary>
public sealed class InstructionRowTests
{
    private static readonly string[] Decimal =
    [
        "32 | 27 | rax=0x0F c a           | rax=0x15 A c z s p",      // DAA: low digit above 9
        "32 | 27 | rax=0x9A c a           | rax=0x00 A C Z P s",      // both digits
        "32 | 27 | rax=0x79 A c           | rax=0x7F A c",
        "32 | 27 | rax=0x12 a C           | rax=0x72 a C",
        "32 | 2F | rax=0xEE c a           | rax=0x88 A C S P",        // DAS, the manual's own example reads 88H
        "32 | 2F | rax=0x03 c A           | rax=0xFD A C S",          // the borrow of the low digit stays in CF
        "32 | 2F | rax=0x25 c a           | rax=0x25 a c",
        "32 | 37 | rax=0x000A c a         | rax=0x0100 A C",          // AAA
        "32 | 37 | rax=0x01FF c a         | rax=0x0305 A C",          // AL carries into AH
        "32 | 37 | rax=0x0105 c a         | rax=0x0105 a c",
        "32 | 3F | rax=0x0205 c A         | rax=0x000F A C",          // AAS
        "32 | 3F | rax=0x0103 c A         | rax=0xFF0D A C",          // AX - 6 borrows, then AH - 1
        "32 | 3F | rax=0x0209 c a         | rax=0x0209 a c",
        "32 | D40A | rax=0xFFFF0063       | rax=0xFFFF0909 P",        // AAM
        "32 | D410 | rax=0x00AB           | rax=0x0A0B",
        "32 | D400 | rax=0x1234           | #DE rax=0x1234",
        "32 | D50A | rax=0xFFFF0909       | rax=0xFFFF0063 P",        // AAD
        "32 | D50A | rax=0x0000           | rax=0 Z",
        "32 | D6 | rax=0x1234 C           | rax=0x12FF C",            // SALC
        "32 | D6 | rax=0x1234 c           | rax=0x1200 c",
        "16 | 27 | rax=0x9A c a           | rax=0x00 A C Z",
        "64 | 27 |                        | #UD",
        "64 | 2F |                        | #UD",
        "64 | 37 |                        | #UD",
        "64 | 3F |                        | #UD",
        "64 | D40A |                      | #UD",
        "64 | D50A |                      | #UD",
        "64 | D6 |                        | #UD",
    ];

    private static readonly string[] Bit =
    [
        "64 | C4E268F2C1     | rcx=0xF0F0 rdx=0xFF00               | rax=0x00F0 zsoc",     // ANDN EAX, EDX, ECX
        "64 | C4E2E8F2C1     | rcx=-1 rdx=0                        | rax=-1 Szoc",
        "64 | C4E268F206     | rsi=0x200000 [0x200000]=0xFF rdx=0xF | rax=0xF0",           // from memory
        "64 | C4E270F7C2     | rdx=0x12345678 rcx=0x0808           | rax=0x56 zoc",        // BEXTR EAX, EDX, ECX
        "64 | C4E2F0F7C2     | rdx=-1 rcx=0x4000                   | rax=-1 z",
        "64 | C4E2F0F7C2     | rdx=-1 rcx=0x0140                   | rax=0 Zoc",           // starts beyond the operand
        "64 | C4E270F7C2     | rdx=-1 rcx=0xFF1F                   | rax=1",
        "64 | C4E270F5C2     | rdx=-1 rcx=5                        | rax=0x1F co",         // BZHI EAX, EDX, ECX
        "64 | C4E270F5C2     | rdx=-1 rcx=0x20                     | rax=0xFFFFFFFF CS",
        "64 | C4E270F5C2     | rdx=-1 rcx=0x100                    | rax=0 cZ",            // bits 7:0 alone count
        "64 | C4E278F3D9     | rcx=0x58                            | rax=0x8 Coz",         // BLSI EAX, ECX
        "64 | C4E278F3D9     | rcx=0                               | rax=0 cZ",
        "64 | C4E2F8F3D1     | rcx=0x8000000000000000              | rax=-1 Sco",          // BLSMSK RAX, RCX
        "64 | C4E2F8F3D1     | rcx=0                               | rax=-1 CSz",
        "64 | C4E2F8F3C9     | rcx=0x58                            | rax=0x50 czo",        // BLSR RAX, RCX
        "64 | C4E2F8F3C9     | rcx=0                               | rax=0 CZ",
        "64 | C4E2EBF5C1     | rdx=0 rcx=0xF0F0                  | rax=0",               // PDEP RAX, RDX, RCX
        "64 | C4E2EBF5C1     | rdx=0xA5 rcx=0xF0F0                 | rax=0xA050",
        "64 | C4E2EAF5C1     | rdx=0xA050 rcx=0xF0F0               | rax=0xA5",            // PEXT RAX, RDX, RCX
        "64 | C4E272F7C2     | rdx=0x80000000 rcx=0x24 OSZAPC      | rax=0xF8000000 OSZAPC", // SARX, count 4
        "64 | C4E271F7C2     | rdx=1 rcx=0x3F                      | rax=0x80000000",      // SHLX
        "64 | C4E2F3F7C2     | rdx=-1 rcx=0x3F                     | rax=1",               // SHRX
        "64 | C4E37BF0C108   | rcx=0x12345678                      | rax=0x78123456",      // RORX EAX, ECX, 8
        "64 | C4E3FBF0C13F   | rcx=1                               | rax=2",
        "64 | C4E27BF6C1     | rdx=0xFFFFFFFF rcx=0xFFFFFFFF       | rax=0xFFFFFFFE",      // MULX EAX, EAX, ECX: high half
        "64 | C4E26BF6C1     | rdx=0xFFFFFFFF rcx=0xFFFFFFFF       | rax=0xFFFFFFFE rdx=1",
        "64 | C4E2EBF6C1     | rdx=-1 rcx=-1                       | rax=-2 rdx=1",
        "64 | 660F38F6C1     | rax=-1 rcx=0 C                      | rax=0 C",             // ADCX EAX, ECX
        "64 | 66480F38F6C1   | rax=-1 rcx=0 C o z                  | rax=0 Coz",
        "64 | F3480F38F6C1   | rax=-1 rcx=1 c o S                  | rax=0 cOS",           // ADOX
        "32 | C4E268F2C1     | rcx=0xF0F0 rdx=0xFF00               | rax=0x00F0",
        "32 | C4E2E8F2C1     | rcx=0xF0F0 rdx=0xFF00               | rax=0x00F0",          // W is ignored
        "64 | C4E26CF2C1     |                                     | #UD",                 // L is 1
        "64 | 66C4E268F2C1   |                                     | #UD",                 // 66 before VEX
        "64 | F0C4E268F2C1   |                                     | #UD",
        "64 | 0F38F006       | rsi=0x200000 [0x200000]=0x11223344  | rax=0x44332211",      // MOVBE
        "64 | 480F38F106     | rsi=0x200000 rax=0x1122334455667788 | [0x200000]=0x8877665544332211",
        "64 | 660F38F106     | rsi=0x200000 rax=0x1122 [0x200000]=0 | [0x200000]=0x2211",
        "64 | 0F38F0C1       |                                     | #UD",                 // no register form
        "16 | 670F38F006     | rsi=0x200000 [0x200000]=0x1122      | rax=0x2211",
        "64 | 0FC8           | rax=0x1122334455667788              | rax=0x88776655",
    ];

    private static readonly string[] Rare =
    [
        "32 | 6206     | rax=5 rsi=0x200000 [0x200000]=0x0000000900000005 | rip=0x9002",     // BOUND EAX, [ESI]
        "32 | 6206     | rax=10 rsi=0x200000 [0x200000]=0x0000000900000005 | #BR",
        "32 | 6206     | rax=0xFFFFFFFF rsi=0x200000 [0x200000]=0x00000009FFFFFFFE | rip=0x9002",
        "32 | 666206   | rax=0x8000 rsi=0x200000 [0x200000]=0x00090005    | #BR",
        "32 | 666206   | rax=0x9 rsi=0x200000 [0x200000]=0x00090005       | rip=0x9003",
        "64 | D7       | rax=0x105 rbx=0x200000 [0x200000]=0x1122334455667788 | rax=0x133",  // XLAT: AL = 5
        "64 | 0FC70E   | rsi=0x200000 [0x200000]=0x200000001 rax=1 rdx=2 rbx=3 rcx=4 | [0x200000]=0x400000003 Z",
        "64 | F00FC70E | rsi=0x200000 [0x200000]=0x200000001 rax=-1 rdx=-1 | rax=1 rdx=2 z",
        "64 | 480FC70E | rsi=0x200008 rax=1                               | #GP",             // CMPXCHG16B not aligned
        "64 | F0480FC70E | rsi=0x200000 [0x200000]=1 [0x200008]=2 rax=1 rdx=2 rbx=3 rcx=4 | [0x200000]=3 [0x200008]=4 Z",
        "64 | F00FC7C9 |                                                  | #UD",             // no register form
        "64 | 0F01D6   | OSAPC                                            | osapcZ",          // XTEST
        "64 | 0F01D5   |                                                  | #GP",             // XEND
        "64 | C6F800   | rax=7                                            | rax=7 rip=0x9003", // XABORT
        "64 | C7F810000000 | rax=7                                        | rax=0 rip=0x9016", // XBEGIN
        "32 | C7F8F0FFFFFF | rax=7                                        | rax=0 rip=0x8FF6",
        "64 | F20F01E8 |                                                  | rip=0x9004",      // XSUSLDTRK
        "64 | 0F01E8   |                                                  | rip=0x9003",      // SERIALIZE
        "64 | 0F01C8   | rax=0x200000 rcx=0                               | rip=0x9003",      // MONITOR
        "64 | 0F01C8   | rax=0x8000000000000000 rcx=0                     | #GP",
        "64 | 0F01C8   | rax=0x200000 rcx=1                               | #GP",
        "64u| 0F01C8   | rax=0x200000                                     | #UD",
        "64 | 0F01C9   | rcx=0                                            | rip=0x9003",      // MWAIT
        "64 | 0F01C9   | rcx=1                                            | rip=0x9003",
        "64 | 0F01C9   | rcx=2                                            | #GP",
        "64u| 0F01C9   |                                                  | #UD",
        "64u| F30FAEF0 | rax=0x200000                                     | rip=0x9004",      // UMONITOR
        "64u| F20FAEF1 | rcx=1 OSZAPC                                     | oszapc",          // UMWAIT
        "64u| 660FAEF1 | rcx=1 OSZAPC                                     | oszapc",          // TPAUSE
        "64u| 660FAEF1 | rcx=2                                            | #GP",
        "64u| 660FAEF1 | rcx=0 cr4=4                                      | #GP",             // CR4.TSD
        "64 | F3480FC7F8 | rax=-1                                         | rax=0",           // RDPID
        "64u| 0F33     | rcx=0                                            | #GP",             // RDPMC without CR4.PCE
        "64 | 0F37     |                                                  | #UD",             // GETSEC without CR4.SMXE
        "64 | 0F37     | cr4=0x4000 rax=0                                 | rax=0",
        "64 | 0F37     | cr4=0x4000 rax=1                                 | #GP",
        "64 | 0FAA     |                                                  | #UD",             // RSM
        "64 | 660F38F8 06 | rsi=0x200000 rax=0x200001                     | #GP",             // MOVDIR64B: not aligned
        "64 | 0F38F906 | rsi=0x200000 rax=0x1122334455667788 [0x200000]=0 | [0x200000]=0x55667788", // MOVDIRI
        "64 | F20F38F806 | rsi=0x200000 rax=0x200040                      | #GP",             // ENQCMD without a PASID
        "64 | F30F38F806 | rsi=0x200000 rax=0x200040 OSAPC                | Zosapc",          // ENQCMDS: nobody accepts
        "64 | F30F38F806 | rsi=0x200000 rax=0x200040 [0x200000]=0x100000  | #GP",             // bits 30:20 of the command
        "64u| F30F38F806 | rsi=0x200000 rax=0x200040                      | #GP",
        "64 | 0F0BC0   |                                                  | #UD",
        "64 | 0FFFC1   |                                                  | #UD",             // UD0
        "64 | 0FB9C1   |                                                  | #UD",             // UD1
        "64 | F3480FAEC0 | cr4=0                                          | #UD",             // RDFSBASE without FSGSBASE
        "64 | F3480FAEC0 | cr4=0x10000                                    | rax=0",
        "32 | F30FAEC0 | cr4=0x10000                                      | #UD",
    ];

    private static readonly string[] Nops =
    [
        "64 | 90           | rax=1 | rax=1 rip=0x9001",
        "64 | F390         |       | rip=0x9002",          // PAUSE
        "64 | 660F1F840000000000 | | rip=0x9009",          // the nine-byte NOP reads nothing
        "64 | 480F1FC0     |       | rip=0x9004",
        "64 | 0F18C0       |       | rip=0x9003",          // reserved NOPs
        "64 | 0F1806       | rsi=-1 | rip=0x9003",         // PREFETCHNTA does not fault
        "64 | 0F180E       | rsi=-1 | rip=0x9003",
        "64 | 0F1816       | rsi=-1 | rip=0x9003",
        "64 | 0F181E       | rsi=-1 | rip=0x9003",
        "64 | 0F1826       | rsi=-1 | rip=0x9003",
        "64 | 0F1906       | rsi=-1 | rip=0x9003",
        "64 | 0F1A06       | rsi=-1 | rip=0x9003",
        "64 | 0F1B06       | rsi=-1 | rip=0x9003",
        "64 | 0F1C06       | rsi=-1 | rip=0x9003",         // CLDEMOTE
        "64 | 0F1D06       | rsi=-1 | rip=0x9003",
        "64 | 0F1E06       | rsi=-1 | rip=0x9003",
        "64 | F30F1EFA     |       | rip=0x9004",          // ENDBR64
        "64 | F30F1EFB     |       | rip=0x9004",          // ENDBR32
        "64 | 0F0D06       | rsi=-1 | rip=0x9003",         // PREFETCH
        "64 | 0F0D0E       | rsi=-1 | rip=0x9003",         // PREFETCHW
        "64 | 0F0D16       | rsi=-1 | rip=0x9003",         // PREFETCHWT1
        "64 | 0F0D26       | rsi=-1 | rip=0x9003",
        "64 | 0F0DC1       |       | rip=0x9003",
        "16 | 0F1F00       |       | rip=0x9003",
        "32 | 660F1F4000   |       | rip=0x9005",
        "64 | 4190         | rax=1 r8=2 | rax=2 r8=1",     // XCHG, not NOP
    ];

    private static readonly string[] Lock =
    [
        "64 | F00106 | rsi=0x200000 [0x200000]=1 rax=2 | [0x200000]=3",
        "64 | F2F00106 | rsi=0x200000 [0x200000]=1 rax=2 | [0x200000]=3", // XACQUIRE is ignored
        "64 | F38906 | rsi=0x200000 rax=2 [0x200000]=0 | [0x200000]=2",   // so is XRELEASE
        "64 | F001C8 |                                 | #UD", // register destination
        "64 | F00306 | rsi=0x200000                    | #UD", // memory is the source
        "64 | F03906 | rsi=0x200000                    | #UD", // CMP
        "64 | F08506 | rsi=0x200000                    | #UD", // TEST
        "64 | F08906 | rsi=0x200000                    | #UD", // MOV
        "64 | F0FF06 | rsi=0x200000 [0x200000]=1       | [0x200000]=2",
        "64 | F0F71E | rsi=0x200000 [0x200000]=1       | [0x200000]=0xFFFFFFFF",
        "64 | F0D126 | rsi=0x200000                    | #UD", // SHL
        "64 | F08706 | rsi=0x200000 [0x200000]=1 rax=5 | [0x200000]=5 rax=1",
        "64 | F00FA306 | rsi=0x200000                  | #UD", // BT
        "64 | F00FAB06 | rsi=0x200000 rax=3 [0x200000]=0 | [0x200000]=8",
        "64 | F00FBA2603 | rsi=0x200000                | #UD", // BT imm8
        "64 | F00FBA2E03 | rsi=0x200000 [0x200000]=0   | [0x200000]=8",
        "64 | F00FC106 | rsi=0x200000 [0x200000]=1 rax=5 | [0x200000]=6 rax=1",
        "64 | F00FB10E | rsi=0x200000 [0x200000]=1 rax=1 rcx=9 | [0x200000]=9 Z",
        "64 | F00FB1C1 |                               | #UD",
        "64 | F090   |                                 | #UD",
        "64 | F0A5   | rsi=0x200000 rdi=0x200100       | #UD", // MOVS
        "64 | F050   |                                 | #UD", // PUSH
        "64 | F00F01C8 |                               | #UD",
    ];

    private static readonly string[] Stack =
    [
        "64 | C8100000   | rsp=0x80000 rbp=0x1234 [0x7FFF8]=0 | rbp=0x7FFF8 rsp=0x7FFE8 [0x7FFF8]=0x1234",
        "64 | C8100001   | rsp=0x80000 rbp=0x1234 | rbp=0x7FFF8 rsp=0x7FFE0 [0x7FFF8]=0x1234 [0x7FFF0]=0x7FFF8",
        "64 | C8100002   | rsp=0x80000 rbp=0x200010 [0x200008]=77 | rbp=0x7FFF8 rsp=0x7FFD8 [0x7FFF0]=77 [0x7FFE8]=0x7FFF8",
        "64 | C8000003   | rsp=0x80000 rbp=0x200010 [0x200008]=77 [0x200000]=88 | rsp=0x7FFE0 [0x7FFF0]=77 [0x7FFE8]=88 [0x7FFE0]=0x7FFF8",
        "64 | C8000022   | rsp=0x80000 rbp=0x200010 [0x200008]=77 | rsp=0x7FFE8", // the level counts modulo 32
        "64 | C8000002   | rsp=0x80000 rbp=0x8000000000000000 | #SS rsp=0x7FFD0 rbp=0x8000000000000000",
        "32 | C8100000   | rsp=0x80000 rbp=0x1234 [0x7FFF8]=0 | rbp=0x7FFFC rsp=0x7FFEC [0x7FFF8]=0x123400000000",
        "16 | C8100000   | rsp=0xABCDF000 rbp=0x77771234 [0xEFF8]=0 | rbp=0x7777EFFE rsp=0xABCDEFEE [0xEFF8]=0x1234000000000000",
        "32 | 60         | rsp=0x80000 rax=1 rcx=2 rdx=3 rbx=4 rbp=5 rsi=6 rdi=7 | rsp=0x7FFE0 [0x7FFE0]=0x600000007 [0x7FFE8]=0x8000000000005 [0x7FFF0]=0x300000004 [0x7FFF8]=0x100000002",
        "32 | 61         | rsp=0x7FFE0 [0x7FFE0]=0x600000007 [0x7FFE8]=0x8000000000005 [0x7FFF0]=0x300000004 [0x7FFF8]=0x100000002 | rsp=0x80000 rax=1 rcx=2 rdx=3 rbx=4 rbp=5 rsi=6 rdi=7",
        "16 | 60         | rsp=0xF000 rax=1 rcx=2 rdx=3 rbx=4 rbp=5 rsi=6 rdi=7 | rsp=0xEFF0 [0xEFF0]=0xF000000500060007 [0xEFF8]=0x1000200030004",
        "64 | 60         | | #UD",
        "64 | 61         | | #UD",
    ];

    private static readonly string[] Strings =
    [
        "64 | A4       | rsi=0x200000 rdi=0x200100 [0x200000]=0x11 [0x200100]=0 | rsi=0x200001 rdi=0x200101 [0x200100]=0x11",
        "64 | F348A5   | rsi=0x200000 rdi=0x200100 rcx=2 [0x200000]=1 [0x200008]=2 | rcx=0 rsi=0x200010 rdi=0x200110 [0x200100]=1 [0x200108]=2",
        "64 | F348A5   | df=1 rsi=0x200008 rdi=0x200108 rcx=2 [0x200000]=1 [0x200008]=2 | rcx=0 rsi=0x1FFFF8 rdi=0x2000F8 [0x200100]=1 [0x200108]=2",
        "64 | F367A4   | rsi=0xFF00000000200000 rdi=0xFF00000000200100 rcx=0xFF00000000000001 [0x200000]=7 [0x200100]=0 | rcx=0 rsi=0x200001 rdi=0x200101 [0x200100]=7",
        "32 | F3A4     | rsi=0x200000 rdi=0x200100 rcx=2 [0x200000]=0x2211 [0x200100]=0 | [0x200100]=0x2211 rcx=0",
        "16 | F3A4     | rsi=0xABCD8000 rdi=0xABCD8100 rcx=0xABCD0002 [0x8000]=0x2211 [0x8100]=0 | [0x8100]=0x2211 rcx=0xABCD0000 rsi=0xABCD8002 rdi=0xABCD8102",
        "16 | F367A4   | rsi=0x200000 rdi=0x200100 rcx=2 [0x200000]=0x2211 [0x200100]=0 | [0x200100]=0x2211 rcx=0",
        "64 | F3A6     | rsi=0x200000 rdi=0x200100 rcx=8 [0x200000]=0x33221111 [0x200100]=0x33991111 | rcx=5 rsi=0x200003 z C", // CMPS
        "64 | F2AE     | rdi=0x200000 rcx=8 rax=0x33 [0x200000]=0x44332211 | rcx=5 rdi=0x200003 Z",  // SCAS
        "64 | F3AE     | rdi=0x200000 rcx=0 rax=0x33 z | rcx=0 rdi=0x200000 z",
        "64 | 48AD     | rsi=0x200000 [0x200000]=-1 | rax=-1 rsi=0x200008",
        "64 | F3AB     | rdi=0x200000 rcx=2 rax=0x55 [0x200008]=7 | rdi=0x200008 [0x200000]=0x5500000055 [0x200008]=7",
        "64 | A4       | rsi=0x8000000000000000 rdi=0x200000 | #GP rsi=0x8000000000000000 rdi=0x200000",
        "64 | 6C       | rdi=0x200000 rdx=0x99 [0x200000]=0 | [0x200000]=0xFF rdi=0x200001",            // INSB from a port nobody answers
        "64 | F36E     | rsi=0x200000 rcx=3 rdx=0x99 | rsi=0x200003 rcx=0",
        "64u| 6C       | rdi=0x200000 rdx=0x99 [0x7060]=0xFFFF000000000000 | #GP rdi=0x200000",
        "64 | EC       | rdx=0x99 rax=0x1200 | rax=0x12FF",
        "64 | ED       | rdx=0x99 rax=-1 | rax=0xFFFFFFFF",
        "64 | 66E599   | rax=0x11110000 | rax=0x1111FFFF",
        "64 | E699     | | rip=0x9002",
        "64u| EC       | rdx=0x99 [0x7060]=0xFFFF000000000000 | #GP",
        "64u| EC       | iopl=3 rdx=0x99 [0x7060]=0xFFFF000000000000 | rip=0x9001",
        "64 | 0FA306   | rsi=0x200000 rax=0xFFFFFFFFFFFFFFF7 [0x1FFFF8]=0x0080000000000000 | C",  // BT at -9
        "64 | 480FA306 | rsi=0x200000 rax=-9 [0x1FFFF8]=0x0080000000000000 | C",
        "16 | 0FA304   | rsi=0x8000 rax=0xFFF7 [0x7FF8]=0x0080000000000000 | C",
        "64 | E2FE     | rcx=1 | rcx=0 rip=0x9002",
        "32 | 67E210   | rcx=0x10001 | rcx=0x10000 rip=0x9003",      // LOOP counts CX
        "32 | E210     | rcx=2 | rcx=1 rip=0x9012",
        "32 | 67E310   | rcx=0x10000 | rip=0x9013",                   // JCXZ
    ];

    [TestCaseSource(nameof(Tables))]
    public void Every_row_holds(string name, string[] rows)
    {
        string[] differences = [.. rows.Select(r => new InstructionRow(r).Difference()).OfType<string>()];
        Assert.That(differences, Is.Empty, $"{name}:\n{string.Join("\n", differences)}");
    }

    private static IEnumerable<TestCaseData> Tables =>
    [
        new("decimal", Decimal) { TestName = "Decimal_arithmetic" },
        new("bit manipulation", Bit) { TestName = "Bit_manipulation" },
        new("rare", Rare) { TestName = "Rare_instructions" },
        new("hints", Nops) { TestName = "Hints_and_NOPs" },
        new("LOCK", Lock) { TestName = "Which_forms_take_LOCK" },
        new("stack", Stack) { TestName = "ENTER_PUSHA_POPA" },
        new("strings", Strings) { TestName = "Strings_ports_bits_and_loops" },
    ];
}
