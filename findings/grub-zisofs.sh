#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file that xorriso or mkisofs packed as zisofs (`ZF` of Rock Ridge) comes out of GRUB packed and
# short, with status 0: a kernel is then "not a kernel", and a grub.cfg has no entries. Linux unpacks.
# Guessed: GRUB unpacks it, since it has gzip, or says that it can't.
# Run in November 2026: grub-fstest 2.14-4 of Debian sid, xorriso 1.5.4-4 of Debian 12.
# Needs apt with Debian's sources for bookworm and sid. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old xorriso=1.5.4-4 libisoburn1 libburn4 libisofs6 libjte2
"$fetch" sid new grub2-common=2.14-4 libc6 libdevmapper1.02.1 libselinux1 libudev1 libpcre2-8-0
library=$PWD/new/usr/lib/x86_64-linux-gnu
mkdir -p tree/boot
seq 100000 >tree/boot/vmlinuz
LD_LIBRARY_PATH=$PWD/old/usr/lib/x86_64-linux-gnu old/usr/bin/xorriso -outdev disk.iso \
  -map tree / -set_filter_r --zisofs / -- -commit >xorriso.log 2>&1
status=0
"$library/ld-linux-x86-64.so.2" --library-path "$library" new/usr/bin/grub-fstest "$PWD/disk.iso" \
  cat '(loop0)/boot/vmlinuz' >read 2>error || status=$?
echo "GRUB 2.14: $(wc -c <read) of $(wc -c <tree/boot/vmlinuz) bytes, status $status, messages: $(cat error)"
head -c 16 read | od -A d -t x1 | head -n 1
# The magic number of zisofs, then the unpacked size.
[ "$(head -c 8 read | od -A n -t x1 | tr -d ' ')" = 37e45396c9dbd607 ] && [ "$status" = 0 ] &&
  [ ! -s error ] || { echo "it has changed" >&2; exit 1; }
