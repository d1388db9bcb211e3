#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# UDF file systems. The arguments behind the image: made KEY=VALUE... (udf.py), bridge OPTION...
# (genisoimage -udf; linked with symbolic links), with files that are left in IMAGE.d; empty SIZE OPTION... (mkudffs), or
# written BLOCKS OPTION..., of which the image ends where mkudffs stops to write.
image=$1 maker=$2
shift 2
work=$image.d
mkdir -p "$work/boot/grub" "$work/deep/er/still" "$work/empty" "$work/many"
printf 'menuentry UDF { linux /boot/vmlinuz root=/dev/sr0 }\n' >"$work/boot/grub/grub.cfg"
seq 1 40000 >"$work/boot/vmlinuz"
{ seq 1 900; head -c 40000 /dev/zero; seq 1 900; } >"$work/boot/initrd"
: >"$work/empty/nothing"
printf x >"$work/deep/er/still/one"
head -c 2048 "$work/boot/vmlinuz" >"$work/deep/block"
head -c 2049 "$work/boot/vmlinuz" >"$work/deep/block and a byte"
printf 'latin' >"$work/deep/Größe"
printf 'wide' >"$work/deep/имя 日本"
for index in $(seq 1 90); do echo "$index" >"$work/many/a file with number $index"; done
chmod 750 "$work/deep/er"
chmod 4755 "$work/boot/vmlinuz"
chmod 1777 "$work/empty"
case $maker in
  made | linked)
    ln -s boot/vmlinuz "$work/vmlinuz"
    ln -s ../block "$work/deep/er/up"
    ln -s /deep/./Größe "$work/deep/absolute"
    ;;
esac
find "$work" -exec touch -h -d '2024-02-29 23:30:15 UTC' {} +
case $maker in
  made) python3 -B "$(dirname "$0")/udf.py" "$image" "$work" "$@" ;;
  bridge | linked) genisoimage -quiet -udf -o "$image" "$@" "$work" ;;
  empty)
    truncate -s "$1" "$image"
    shift
    mkudffs "$@" "$image"
    ;;
  written)
    blocks=$1
    shift
    mkudffs "$@" --new-file "$image" "$blocks"
    ;;
esac
