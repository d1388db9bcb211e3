#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ISO 9660 images by two makers, xorriso and genisoimage. The second argument says which one; the
# reason for each stands beside it.
image=$1
work=$(mktemp -d "$1.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree

# A bit of everything. Link targets and names come in the lengths at which entries are cut in two.
fill() {
  mkdir -p "$tree/boot/grub" "$tree/Dir/with/some/depth" "$tree/empty directory" "$tree/isolinux"
  printf 'set timeout=3\nmenuentry "Debian" { linux /boot/vmlinuz }\n' >"$tree/boot/grub/grub.cfg"
  : >"$tree/empty"
  printf x >"$tree/one-byte.TXT"
  seq 1 60000 | head -c 100001 >"$tree/boot/vmlinuz"
  head -c 2048 "$tree/boot/vmlinuz" >"$tree/Dir/with/some/depth/2048"
  head -c 2048 "$tree/boot/vmlinuz" >"$tree/isolinux/isolinux.bin"
  chmod 4751 "$tree/Dir/with/some/depth/2048"
  ln -s boot/vmlinuz "$tree/vmlinuz"
  ln -s /boot/grub/grub.cfg "$tree/absolute"
  ln -s ../../Dir/./with//some "$tree/Dir/with/link"
  ln -s / "$tree/to-root"
  ln -s "$(printf 'a%.0s' {1..255})" "$tree/link-255"
  ln -s "$(printf '/dir%.0s' {1..250})" "$tree/link-1000"
  ln -s "/$(printf 'b%.0s' {1..240})/$(printf 'c%.0s' {1..240})/end" "$tree/link-two"
  ln -s loop-b "$tree/loop-a"
  ln -s loop-a "$tree/loop-b"
  mkfifo "$tree/fifo"
  printf long >"$tree/$(printf 'n%.0s' {1..200})"
  printf longest >"$tree/$(printf 'm%.0s' {1..250})"
  printf utf-8 >"$tree/Dir/größe — 漢字.txt"
  touch -d '2021-03-04 05:06:07 UTC' "$tree/boot/vmlinuz"
  touch -d '1999-12-31 23:59:59 UTC' "$tree/one-byte.TXT"
}

# Names and directories that ISO 9660 itself allows at most.
fill_plain() {
  mkdir -p "$tree/boot/grub" "$tree/a/b/c/d/e/f"
  printf 'timeout 3\n' >"$tree/boot/grub/menu.lst"
  printf x >"$tree/readme.txt"
  printf y >"$tree/noext"
  : >"$tree/empty.dat"
  seq 1 60000 | head -c 100001 >"$tree/boot/vmlinuz"
  printf deep >"$tree/a/b/c/d/e/f/deep.txt"
}

fill_deep() {
  fill
  mkdir -p "$tree/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20" "$tree/1/2/3/4/5/6/7/other/x"
  printf deep >"$tree/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/file"
  printf other >"$tree/1/2/3/4/5/6/7/other/x/file"
}

# Directories of many sectors, with names for which records have no room.
fill_many() {
  fill
  mkdir -p "$tree/many"
  for number in $(seq 1 1500); do
    printf '%s' "$number" >"$tree/many/an-entry-with-quite-a-long-name-$number"
  done
  for number in $(seq 1 60); do
    printf '%s' "$number" >"$tree/many/$number-$(printf 'x%.0s' {1..230})"
  done
}

fill_packed() {
  fill
  { seq 1 20000; head -c 200000 /dev/zero; seq 1 30000; } >"$tree/holes"
  { seq 1 9999; head -c 300000 /dev/zero; } >"$tree/holes-at-the-end"
  seq 1 12000 | head -c 65536 >"$tree/two-blocks"
}
# The first argument says which form of zisofs.
zisofs() {
  command xorriso -zisofs "$1" -outdev "$image" -volid 'Test Label' -map "$tree" / \
    -set_filter_r --zisofs / -- -commit
}

xorriso() { command xorriso -as mkisofs -quiet -V 'Test Label' -o "$image" "$@"; }
# It cuts targets that need more than one entry in the wrong places.
drop_links() { rm "$tree/link-1000" "$tree/link-two"; }
genisoimage() { command genisoimage -quiet -V 'Test Label' -input-charset utf-8 -o "$image" "$@"; }

case $2 in
  rr) fill; xorriso -R "$tree" ;;
  # Root owns all, and nothing is writable: what installers are made with.
  rr-rational) fill; xorriso -r "$tree" ;;
  # Both trees: Rock Ridge wins.
  rr-joliet) fill; xorriso -R -J -joliet-long "$tree" ;;
  # Only the Joliet tree has good names.
  joliet) fill; xorriso --norock -J -joliet-long "$tree" ;;
  joliet-utf16) fill; printf x >"$tree/𝄞.txt"; xorriso --norock -J -joliet-utf16 "$tree" ;;
  plain) fill_plain; xorriso --norock -iso-level 1 "$tree" ;;
  # Long names in any case, without versions.
  plain-loose) fill_plain; xorriso --norock -iso-level 3 -allow-lowercase -omit-version-number \
    -untranslated_name_len 90 "$tree" ;;
  # Directories deeper than eight are left where they are.
  deep) fill_deep; xorriso -R "$tree" ;;
  # They are moved to the root's rr_moved, and CL, PL and RE lead there and back.
  relocated) fill_deep; xorriso -R -rr_reloc_dir /rr_moved "$tree" ;;
  relocated-genisoimage) fill_deep; drop_links; genisoimage -R "$tree" ;;
  rr-genisoimage) fill; drop_links; genisoimage -R -J -joliet-long "$tree" ;;
  joliet-genisoimage) fill; rm "$tree"/[mn]*; genisoimage -J -l "$tree" ;;
  plain-genisoimage) fill_plain; genisoimage -l -N "$tree" ;;
  many) fill_many; xorriso -R -J -joliet-long "$tree" ;;
  bad-links) fill; genisoimage -R "$tree" ;;
  many-genisoimage) fill_many; drop_links; genisoimage -R "$tree" ;;
  # Other extensions beside Rock Ridge: attributes and checksums, set apart by ES entries.
  attributes) fill; xorriso -R --for_backup "$tree" ;;
  # Apple's file system around the same files.
  hfsplus) fill; xorriso -R -hfsplus "$tree" ;;
  # UDF around the same files.
  udf) fill; drop_links; genisoimage -R -udf "$tree" ;;
  # Compressed files, with holes in one of them: version 1 by both makers, and version 2.
  zisofs) fill_packed; zisofs version_2=off ;;
  zisofs-128k) fill_packed; zisofs version_2=off:block_size=128k ;;
  zisofs2) fill_packed; zisofs version_2=on:susp_z2=off ;;
  zisofs2-z2) fill_packed; zisofs version_2=on:susp_z2=on ;;
  zisofs-genisoimage) fill_packed; drop_links; mkzftree -z 6 "$tree" "$work/packed"
    genisoimage -R -z "$work/packed" ;;
  eltorito) fill; xorriso -R -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
    -boot-load-size 4 -eltorito-alt-boot -e boot/vmlinuz -no-emul-boot "$tree" ;;
  # Disks and optical disks at the same time, by MBR and by GPT.
  hybrid-mbr) fill; cp /usr/lib/ISOLINUX/isolinux.bin "$tree/isolinux/isolinux.bin"
    xorriso -R -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot \
    -boot-load-size 4 -boot-info-table -isohybrid-mbr /usr/lib/ISOLINUX/isohdpfx.bin \
    -eltorito-alt-boot -e boot/vmlinuz -no-emul-boot -isohybrid-gpt-basdat "$tree" ;;
  hybrid-offset) fill; xorriso -R -partition_offset 16 "$tree" ;;
  hybrid-gpt) fill; truncate -s 1M "$work/esp"; mkfs.fat -n ESP "$work/esp" >/dev/null
    xorriso -R -append_partition 2 0xef "$work/esp" -appended_part_as_gpt "$tree" ;;
  # Small, to be damaged byte by byte.
  small) mkdir -p "$tree/boot/grub" "$tree/1/2/3/4/5/6/7/8/9"
    printf 'timeout=3\n' >"$tree/boot/grub/grub.cfg"
    printf deep >"$tree/1/2/3/4/5/6/7/8/9/file"
    head -c 6000 /dev/zero >"$tree/first"
    head -c 3000 /dev/zero >"$tree/second"
    ln -s boot/grub/grub.cfg "$tree/link"
    ln -s "$(printf '/dir%.0s' {1..100})" "$tree/long-link"
    printf long >"$tree/$(printf 'n%.0s' {1..200})"
    printf 'same blocks' >"$tree/same"
    xorriso -R -J -rr_reloc_dir /rr_moved -no-pad -b first -c boot.cat -no-emul-boot "$tree" ;;
  small-zisofs) mkdir -p "$tree"
    { seq 1 9999; head -c 100000 /dev/zero; seq 1 30000; } >"$tree/packed"
    zisofs version_2=off ;;
  small-zisofs2) mkdir -p "$tree"
    { seq 1 30000; head -c 300000 /dev/zero; seq 1 30000; } >"$tree/packed"
    zisofs version_2=on:susp_z2=on ;;
  small-plain) fill_plain; head -c 100 /dev/zero >"$tree/boot/vmlinuz"
    xorriso --norock -no-pad "$tree" ;;
  small-joliet) fill_plain; head -c 100 /dev/zero >"$tree/boot/vmlinuz"
    xorriso --norock -J -no-pad "$tree" ;;
  *) exit 1 ;;
esac
