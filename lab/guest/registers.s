# SPDX-License-Identifier: GPL-2.0-or-later
# Whether the vector registers and the FS base of a process outlive what happens meanwhile: it fills
# them with what is its own, computes for a while, lets others run, and looks. It exits with the number
# of rounds in which something was lost, 100 at most. Linked by itself, without a C library.
        .set    ROUNDS, 1000
        .set    SPIN, 20000
        .set    SCHED_YIELD, 24
        .set    GETPID, 39
        .set    EXIT, 60
        .set    ARCH_PRCTL, 158
        .set    ARCH_SET_FS, 0x1002

        .bss
        .balign 16
own:    .skip   16
thread: .skip   16

        .text
        .globl  _start
_start: mov     $GETPID, %eax
        syscall
        mov     $0x9e3779b97f4a7c15, %rcx
        imul    %rcx, %rax
        mov     %rax, own(%rip)
        not     %rax
        mov     %rax, own+8(%rip)
        lea     thread(%rip), %rsi
        mov     %rsi, (%rsi)
        mov     $ARCH_SET_FS, %edi
        mov     $ARCH_PRCTL, %eax
        syscall
        mov     $ROUNDS, %ebx
        xor     %ebp, %ebp              # rounds that lost something

round:  .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        movdqa  own(%rip), %xmm\n
        .endr
        mov     $SPIN, %ecx
spin:   dec     %ecx
        jnz     spin
        mov     $SCHED_YIELD, %eax
        syscall
        mov     $0xffff, %edx
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        pcmpeqd own(%rip), %xmm\n
        pmovmskb %xmm\n, %eax
        and     %eax, %edx
        .endr
        cmp     $0xffff, %edx
        jne     lost
        lea     thread(%rip), %rsi
        cmp     %rsi, %fs:0
        je      next
lost:   inc     %ebp
next:   dec     %ebx
        jnz     round

        mov     $100, %edi
        cmp     %edi, %ebp
        cmovb   %ebp, %edi
        mov     $EXIT, %eax
        syscall
