#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `kernel-install add VERSION KERNEL INITRD...` with two initrds of one name in different folders
# (.../microcode/initrd.img, .../main/initrd.img): the second is copied over the first, the entry
# names that file twice, and the status is 0. So the kernel gets the second initrd two times.
# Guessed: two files of different names, or an error.
# Run in November 2026: 90-loaderentry.install of systemd 262.1-1 of Debian sid, as kernel-install
# starts it; `kernel-install -v add` in a chroot of sid does the same.
# Needs apt with Debian's source for sid. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new systemd-boot-tools=262.1-1 systemd=262.1-1
plugin=$(find new -name 90-loaderentry.install)

mkdir -p microcode main config boot/id/7.2
echo kernel >vmlinuz
echo first >microcode/initrd.img
echo second >main/initrd.img
echo root=/dev/xvda1 >config/cmdline
export KERNEL_INSTALL_LAYOUT=bls KERNEL_INSTALL_MACHINE_ID=0123456789abcdef0123456789abcdef
export KERNEL_INSTALL_ENTRY_TOKEN=id KERNEL_INSTALL_BOOT_ROOT=$PWD/boot
export KERNEL_INSTALL_CONF_ROOT=$PWD/config KERNEL_INSTALL_STAGING_AREA=$PWD/staging
export KERNEL_INSTALL_VERBOSE=0
mkdir staging
sh "$plugin" add 7.2 "$PWD/boot/id/7.2" "$PWD/vmlinuz" "$PWD/microcode/initrd.img" \
  "$PWD/main/initrd.img"
entry=$(grep ^initrd boot/loader/entries/id-7.2.conf)
echo "$entry"
echo "files: $(cd boot/id/7.2 && ls -x), initrd.img: $(cat boot/id/7.2/initrd.img)"
[ "$(echo "$entry" | sort -u | wc -l) $(echo "$entry" | wc -l)" = "1 2" ] &&
  [ "$(cat boot/id/7.2/initrd.img)" = second ] || { echo "it has changed" >&2; exit 1; }
