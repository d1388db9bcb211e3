#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What QEMU's own emulation (TCG) does with XSAVE when CR0.TS is set.
#
# Guess: XSAVE, XRSTOR and XSAVEOPT raise #NM, as FXSAVE and FXRSTOR do (Intel's manual, volume 2,
# "XSAVE", protected mode exceptions: "#NM if CR0.TS[bit 3] = 1").
# Seen with QEMU 11.1.3 (Debian sid; 7.2 does the same): they do not. They save and load whatever the
# registers hold.
# It matters where one kernel runs below another and relies on #NM: Xen switches the registers of
# domains lazily, by CR0.TS, on what it does not know as one of Intel's vulnerable processors. A PV
# guest's XSAVE then saves another domain's registers, and Linux gives them to its processes:
# "Segmentation fault". `spec-ctrl=eager-fpu` for Xen, or a processor without XSAVE, avoids it.
#
# Needs apt with Debian's source for sid, and binutils. A quarter of a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new qemu-system-x86=1:11.1.3+ds-1 qemu-system-data seabios libcapstone5 \
  libgnutls30t64 libpng16-16t64 libpixman-1-0 zlib1g libjpeg62-turbo libsasl2-2 libnuma1 \
  libglib2.0-0t64 librdmacm1t64 libibverbs1 libzstd1 libslirp0 libvdeplug2t64 libbpf1 libudev1 \
  libpmem1 libseccomp2 libfdt1 libnettle8t64 libgmp10 libhogweed6t64 libfuse3-4 libaio1t64 \
  liburing2 libc6 libp11-kit0 libidn2-0 libunistring5 libtasn1-6 libssl3t64 libmount1 \
  libselinux1 libffi8 libatomic1 libpcre2-8-0 libnl-3-200 libnl-route-3-200 libelf1t64 libndctl6 \
  libdaxctl1 libblkid1 libsystemd0 libuuid1 libkmod2 libgcc-s1

cat >ts.s <<'CODE'
        .code32
        .text
        .balign 4
        .long   0x1badb002, 0, -0x1badb002      # multiboot
        .globl  _start
_start: mov     $stack, %esp
        lgdt    gdt_pointer
        ljmp    $8, $flat
flat:   mov     $16, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $trap, %eax                     # the gate of #NM, vector 7
        mov     %ax, gates + 7 * 8
        shr     $16, %eax
        mov     %ax, gates + 7 * 8 + 6
        movw    $8, gates + 7 * 8 + 2
        movw    $0x8e00, gates + 7 * 8 + 4
        lidt    idt_pointer
        mov     %cr4, %eax
        or      $(1 << 9 | 1 << 18), %eax       # OSFXSR, OSXSAVE
        mov     %eax, %cr4
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $3, %eax                        # XCR0: x87 and SSE
        xsetbv
        .macro  say letter
        mov     \letter, %al
        out     %al, $0xe9
        .endm
        .macro  try letter, instruction:vararg
        mov     %cr0, %eax
        and     $~4, %eax                       # not EM
        or      $8, %eax                        # TS
        mov     %eax, %cr0
        mov     $3, %eax
        xor     %edx, %edx
        mov     $1f, %ebx
        mov     $'-', %cl
        \instruction
1:      say     $\letter
        say     %cl
        .endm
        try     'm', movaps %xmm0, area
        try     'f', fxsave area
        try     'F', fxrstor area
        try     's', xsave area
        try     'S', xrstor area
        try     'o', xsaveopt area
        say     $10
        out     %al, $0xf4                      # isa-debug-exit
stop:   hlt
        jmp     stop
trap:   mov     $'!', %cl
        mov     %ebx, (%esp)                    # go on behind the instruction
        iret

        .data
gdt:    .quad   0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
        .word   gdt_pointer - gdt - 1
        .long   gdt
idt_pointer:
        .word   8 * 8 - 1
        .long   gates
        .bss
        .balign 64
area:   .skip   4096
gates:  .skip   8 * 8
        .skip   4096
stack:
CODE
as --32 -o ts.o ts.s
ld -m elf_i386 -z noexecstack -N -Ttext 0x100000 -o ts.elf ts.o 2>/dev/null
library=$PWD/new/usr/lib/x86_64-linux-gnu
timeout 60 "$library/ld-linux-x86-64.so.2" --library-path "$library" new/usr/bin/qemu-system-x86_64 \
  -L new/usr/share/qemu -L new/usr/share/seabios -accel tcg -cpu max -kernel ts.elf \
  -display none -vga none -nic none -monitor none -serial none -debugcon file:said \
  -device isa-debug-exit,iobase=0xf4 || true
said=$(cat said)
seen='m!f!F!s-S-o-'
echo "! is #NM, - is none; movaps, fxsave, fxrstor, xsave, xrstor, xsaveopt: $said"
[ "$said" = "$seen" ] || { echo "it has changed: it was $seen" >&2; exit 1; }
