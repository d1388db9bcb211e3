#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# btrfs file systems by mkfs.btrfs: IMAGE, how many entries the directory `many` has, then options.
# The option --tune is for a change of the UUID afterwards. What the image is made of stays in
# IMAGE.tree: it is what a reader must find.
image=$1 many=$2
shift 2
tune=no
[ "${1-}" != --tune ] || { tune=yes; shift; }
tree=$image.tree

mkdir -p "$tree/boot/grub" "$tree/dir/with/some/depth" "$tree/empty directory" "$tree/many"
printf 'default 0\ntimeout 5\n\ntitle Debian\nroot (hd0)\nkernel /vmlinuz root=/dev/xvda\n' \
  >"$tree/boot/grub/menu.lst"
: >"$tree/empty"
printf x >"$tree/one-byte"
# Reproducible noise of 300,001 bytes: no block is like another.
seq 1 60000 | head -c 300001 >"$tree/boot/vmlinuz"
head -c 4096 "$tree/boot/vmlinuz" >"$tree/dir/with/some/depth/4096"
for n in 1000 2048 4000 4095 4097 65536; do head -c "$n" "$tree/boot/vmlinuz" >"$tree/dir/$n"; done
chmod 4751 "$tree/dir/with/some/depth/4096"
truncate -s 3000000 "$tree/zeros"
printf middle | dd of="$tree/zeros" bs=1 seek=1000000 conv=notrunc status=none
ln -s boot/vmlinuz "$tree/vmlinuz"
ln -s /boot/grub/menu.lst "$tree/absolute"
ln -s "$(printf '/dir%.0s' {1..250})" "$tree/link-1000"
ln -s loop-b "$tree/loop-a"
ln -s loop-a "$tree/loop-b"
ln "$tree/one-byte" "$tree/dir/hard-link"
mkfifo "$tree/fifo"
printf long >"$tree/$(printf 'n%.0s' {1..255})"
printf utf-8 >"$tree/dir/größe — 漢字"
touch -d '2021-03-04 05:06:07 UTC' "$tree/boot/vmlinuz"
touch -d '2040-03-04 05:06:07 UTC' "$tree/one-byte"
if [ "$many" -gt 0 ]; then
  (cd "$tree/many" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 "$many" | xargs touch)
fi

truncate -s 128M "$image"
mkfs.btrfs -q -L test-label -U 01234567-89ab-cdef-0123-456789abcdef --rootdir "$tree" "$@" "$image"
[ $tune = no ] || btrfstune -f -M fedcba98-7654-3210-fedc-ba9876543210 "$image"
btrfs check --readonly "$image"
