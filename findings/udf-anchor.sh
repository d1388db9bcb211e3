#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# UDF has its anchor at two or more of three places (ECMA-167, 3/8.4.2.1: sector 256, the last one,
# and 256 before it), so that a lost one does no harm. udfinfo 2.3 finds the volume without the one
# in sector 256; blkid 2.38.1 and GRUB 2.06 look at the places in front alone, and see nothing.
# Guessed: all three find it. Run on Debian 12 in November 2026.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm root udftools=2.3-1 grub-common=2.06-13+deb12u2 util-linux=2.38.1-5+deb12u3
truncate -s 20M disk
root/usr/sbin/mkudffs --media-type=hd -b 2048 -l anchored disk >/dev/null
root/sbin/blkid -p disk | grep -q 'TYPE="udf"'
dd if=/dev/zero of=disk bs=2048 seek=256 count=1 conv=notrunc status=none
echo "udfinfo: $(root/usr/bin/udfinfo disk 2>/dev/null | grep '^label=')"
echo "blkid: $(root/sbin/blkid -p disk || true)"
echo "GRUB: $(root/usr/bin/grub-fstest disk ls -- -l '(loop0)')"
root/usr/bin/udfinfo disk 2>/dev/null | grep -q '^label=anchored'
! root/sbin/blkid -p disk
root/usr/bin/grub-fstest disk ls -- -l '(loop0)' | grep -q 'No known filesystem'
echo "as found: without the anchor in sector 256 blkid and GRUB see no UDF"
