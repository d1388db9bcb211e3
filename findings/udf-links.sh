#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# genisoimage 1.1.11 (Debian 9:1.1.11-3.4) with -udf -R: a symbolic link is a link in ISO 9660, and
# an empty regular file in UDF. Without -R UDF has no trace of it. blkid and GRUB 2.06 take UDF of
# such a disk, so `linux /vmlinuz` reads an empty kernel where /vmlinuz is a link.
# Guessed: a link in both, since UDF has symbolic links too. Run on Debian 12 in November 2026.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm root genisoimage=9:1.1.11-3.4 grub-common=2.06-13+deb12u2
mkdir tree
echo kernel >tree/vmlinuz-6.1
ln -s vmlinuz-6.1 tree/vmlinuz
root/usr/bin/genisoimage -quiet -udf -R -o disk.iso tree
echo "ISO 9660:"
root/usr/bin/isoinfo -R -l -i disk.iso | grep vmlinuz
echo "UDF, by GRUB:"
root/usr/bin/grub-fstest disk.iso ls -- -l '(loop0)/' | grep vmlinuz
root/usr/bin/isoinfo -R -l -i disk.iso | grep -q 'vmlinuz -> vmlinuz-6.1'
root/usr/bin/grub-fstest disk.iso ls -- -l '(loop0)' | grep -q 'type udf'
[ -z "$(root/usr/bin/grub-fstest disk.iso cat '(loop0)/vmlinuz')" ]
[ "$(root/usr/bin/grub-fstest disk.iso cat '(loop0)/vmlinuz-6.1')" = kernel ]
echo "as found: the link is an empty file in UDF"
