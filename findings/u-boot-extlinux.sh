#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# U-Boot and syslinux read the same extlinux.conf and boot different things. Of a file as
# u-boot-menu and people write it, U-Boot 2025.01 under QEMU does this:
#   `append` before the first label  "unknown command"; syslinux gives it to labels without their own
#   `initrd /a,/b`                   one file of that name; the label is skipped; syslinux joins two
#   `append -`                       the kernel gets a dash; syslinux gives it nothing
#   two `append`, the first with `initrd=/c`: the kernel gets the second, and yet /c is loaded
#   a label that fails               all the others are tried in the file's order, without a question
# Guessed: the first three as syslinux, the fourth no initrd, the fifth a menu again.
# Run in November 2026: u-boot-qemu 2025.01-3.2 of Debian sid.
# Needs apt with Debian's sources for sid and bookworm. A minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new u-boot-qemu=2025.01-3.2
"$fetch" bookworm old qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3 e2fsprogs=1.47.0-2+b2 \
  fdisk=2.38.1-5+deb12u3
mkdir -p tree/extlinux
for file in vmlinuz a b c; do echo "$file" >"tree/$file"; done
cat >tree/extlinux/extlinux.conf <<'END'
timeout 10
append from=all-labels
default two
label one
	linux /vmlinuz
label two
	linux /vmlinuz
	initrd /a,/b
	append name=two
label three
	linux /vmlinuz
	append -
label four
	linux /vmlinuz
	append initrd=/c name=first
	append name=second
END
truncate -s 20M disk
printf 'label: dos\nstart=2048, type=83, bootable\n' | old/sbin/sfdisk -q disk
old/sbin/mke2fs -q -t ext4 -d tree files 16M 2>/dev/null >/dev/null
dd if=files of=disk bs=1M seek=1 conv=notrunc status=none
qemu=$(command -v qemu-system-x86_64 || echo old/usr/bin/qemu-system-x86_64)
timeout 60 "$qemu" -m 512 -bios new/usr/lib/u-boot/qemu-x86/u-boot.rom -display none -nic none \
  -monitor none -serial file:serial -drive file=disk,format=raw,if=ide &
for _ in $(seq 50); do
  sleep 1
  grep -q 'No more bootdevs' serial 2>/dev/null && break
done
kill %1 2>/dev/null || true
wait 2>/dev/null || true
tr -d '\r' <serial | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | sed -n '/unknown command/,/Boot failed/p' |
  grep -E '^(Ignoring|Retrieving|Skipping|append|[0-9]:)' >shown || true
cat shown
line=$(grep -v vmlinuz shown | tr '\n' '|' | sed 's/[ \t]*|/|/g')
wanted="Ignoring unknown command: append|2:	two|Retrieving file: /a,/b|"
wanted+="Skipping two for failure retrieving initrd|1:	one|3:	three|append: -|4:	four|"
wanted+="Retrieving file: /c|append: name=second"
[[ $line == "$wanted"* ]] || { echo "it has changed" >&2; exit 1; }
