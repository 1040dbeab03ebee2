.intel_syntax noprefix
.code64
# as flat.s -o flat.o && objcopy -O binary -j .text flat.o flat.bin
start:
  lea rsi, [rip+msg]
1: movzx r15d, byte ptr [rsi]
  test r15d, r15d
  jz 2f
  inc rsi
  mov r14d, 0x3f8
  call io
  jmp 1b
2: xor r15d, r15d
  mov r14d, 0xf4
  call io
3: jmp 3b
io:
  mov eax, 0
  mov ecx, 0xfc00
  xor r10d, r10d
  mov r11d, 30
  mov r12d, 1
  mov r13d, 1
  .byte 0x66,0x0f,0x01,0xcc
  ret
msg: .asciz "Hello from a flat binary\n"
