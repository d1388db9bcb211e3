#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# pygrub takes `initrd /boot/ucode.img /boot/initrd.img` for one file whose name has a blank in it,
# and does not boot. grub-mkconfig writes such a line wherever it finds microcode
# (GRUB_EARLY_INITRD_LINUX_CUSTOM; amd-ucode.img and such by themselves).
# Guessed: the last file, or both joined. Run in November 2026: pygrub of Xen 4.20.4 in Debian sid.
# Needs apt with Debian's sources for sid and bookworm. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm old e2fsprogs=1.47.0-2+b2
"$fetch" sid new xen-utils-4.20=4.20.4+39-gf1e1321c87-1 libxenmisc4.20=4.20.4+39-gf1e1321c87-1 \
  python3.14-minimal libpython3.14-minimal libpython3.14-stdlib libc6 libext2fs2t64 libcom-err2 \
  libexpat1 zlib1g libncursesw6 libtinfo6 libffi8 liblzma5 libbz2-1.0
library=$PWD/new/usr/lib/x86_64-linux-gnu
xen=$PWD/new/usr/lib/xen-4.20/lib/x86_64-linux-gnu

mkdir -p tree/boot/grub
echo kernel >tree/boot/vmlinuz
echo microcode >tree/boot/ucode.img
echo initrd >tree/boot/initrd.img
run() {
  cat >tree/boot/grub/grub.cfg <<END
set default="0"
menuentry 'Linux' --class gnu-linux {
	linux /boot/vmlinuz root=/dev/xvda1
	initrd $1
}
END
  rm -f disk
  old/sbin/mke2fs -q -t ext4 -d tree disk 20M >/dev/null
  PYTHONHOME=$PWD/new/usr XEN_FSIMAGE_FSDIR=$xen/xenfsimage \
    "$library/ld-linux-x86-64.so.2" --library-path "$library:$xen" \
    new/usr/bin/python3.14 new/usr/lib/xen-4.20/bin/pygrub -q --output-directory="$PWD" \
    --output-format=simple "$PWD/disk" 2>&1 | grep -v '^Using' || true
}
one=$(run "/boot/initrd.img")
echo "one file: ${one//$work/}"
two=$(run "/boot/ucode.img /boot/initrd.img")
echo "two files: ${two//$work/}"
[[ $one == *"ramdisk "* && $two == *"Error opening /boot/ucode.img /boot/initrd.img in guest"* ]] ||
  { echo "it has changed" >&2; exit 1; }
