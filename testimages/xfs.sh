#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An XFS of what IMAGE.tree has afterwards, made by mkfs.xfs alone (the rest of the arguments are
# its options): xfs.sh IMAGE SHAPE SIZE OPTIONS... Shapes are a bit of everything (tree), small ones
# for damage (small), a directory of N entries, some of which have a block of data between the
# directory's own (many-N), one of N entries that are not in IMAGE.tree (index-N), and a file in so
# many pieces that its map is a tree, since no allocation group has room for it (pieces-MIB).
image=$1 shape=$2 size=$3
shift 3
tree=$image.tree proto=$image.proto

# What mkfs.xfs is told of a directory and all below it. No name has a blank.
lines() {
  local kind mode name target
  while read -r kind mode name target; do
    case $kind in
      l) printf '%s l--777 0 0 %s\n' "$name" "$target" ;;
      p) printf '%s p--%s 0 0\n' "$name" "$mode" ;;
      f)
        printf -v mode '%04d' "$mode"
        case $mode in 4*) mode=u-${mode:1} ;; 2*) mode=-g${mode:1} ;; *) mode=--${mode:1} ;; esac
        printf '%s -%s 0 0 %s\n' "$name" "$mode" "$1/$name"
        ;;
      d)
        printf '%s d--%s 0 0\n' "$name" "$mode"
        lines "$1/$name"
        printf '$\n'
        ;;
    esac
  done < <(find "$1" -mindepth 1 -maxdepth 1 -printf '%y %m %f %l\n' | sort -k 3)
}

files() {
  mkdir -p "$tree/boot/grub" "$tree/dir/with/some/depth" "$tree/empty-directory"
  printf 'default 0\ntimeout 5\n\ntitle Debian\nroot (hd0)\nkernel /vmlinuz root=/dev/xvda\n' \
    >"$tree/boot/grub/menu.lst"
  : >"$tree/empty"
  printf x >"$tree/one-byte"
  # Reproducible noise of 300,001 bytes: no block is like another.
  seq 1 60000 | head -c 300001 >"$tree/boot/vmlinuz"
  head -c 65536 "$tree/boot/vmlinuz" >"$tree/dir/with/some/depth/65536"
  chmod 4751 "$tree/dir/with/some/depth/65536"
  ln -s boot/vmlinuz "$tree/vmlinuz"
  ln -s /boot/grub/menu.lst "$tree/absolute"
  ln -s loop-b "$tree/loop-a"
  ln -s loop-a "$tree/loop-b"
  [ -z "$links" ] || ln -s "$(printf '/dir%.0s' {1..250})" "$tree/link-1000"
  # One block, but more than an inode has room for.
  mkdir "$tree/medium"
  (cd "$tree/medium" && seq -f 'medium-%03g' 1 "${1:-24}" | xargs touch)
}

many() {
  mkdir "$tree/many"
  (cd "$tree/many" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 "$1" | xargs touch)
  (cd "$tree/many" && for name in *[05]0; do printf '%s' "$name" >"$name"; done)
}

mkdir "$tree"
more=
# In version 5 mkfs.xfs leaves out the header of links that are not in their inodes; a test puts it
# into the small image.
links=
case "$shape $*" in
  *crc=0*) links="157 175 335 336 337 411 412 413 511 512 513 923 924 925 1023" ;;
  small*) links=1000 ;;
esac
case $shape in
  small)
    files
    many 700
    # Two blocks of entries and one leaf.
    mkdir "$tree/leaf"
    (cd "$tree/leaf" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 120 | xargs touch)
    more='never-written ---600 0 0 100000'
    ;;
  tree)
    files
    many 600
    for n in 59 60 155 156 $links; do
      ln -s "$(printf "%${n}s" | tr ' ' l)" "$tree/link-$n"
    done
    mkfifo "$tree/fifo"
    printf long >"$tree/$(printf 'n%.0s' {1..255})"
    printf utf-8 >"$tree/dir/größe—漢字"
    printf 'A' >"$tree/dir/MixedCase.Txt"
    more='never-written ---600 0 0 2000000'
    ;;
  many-*) files && many "${shape#many-}" ;;
  index-*) : ;;
  pieces-*)
    files
    more="pieces ---600 0 0 $((${shape#pieces-} << 20))"
    ;;
esac
chmod 755 "$tree"
{
  printf 'ignored\n0 0\nd--755 0 0\n'
  lines "$tree"
  if [[ $shape == index-* ]]; then
    printf 'index d--755 0 0\n'
    seq -f 'an-entry-with-quite-a-long-name-%06g ---644 0 0 /dev/null' 1 "${shape#index-}"
    printf '$\n'
  fi
  # Blocks that are reserved and have no contents.
  [ -z "$more" ] || printf '%s\n' "${more/ -/ r}"
  printf '$\n'
} >"$proto"
truncate -s "$size" "$image"
mkfs.xfs -q -f --unsupported -L test-label -p "$proto" "$@" "$image"
rm "$proto"
edit() { xfs_db -x -f "$image"; }
case $shape in
  small | tree)
    # Zeros with a hole behind them.
    byte_count=$((($(stat -c %s "$tree/boot/vmlinuz")) / 2))
    truncate -s "$byte_count" "$tree/never-written"
    chmod 600 "$tree/never-written"
    printf 'path /never-written\nwrite core.size %d\n' "$byte_count" | edit
    ;;
  pieces-*)
    # Every other piece becomes contents, and begins with a text of its own.
    block=$(printf 'sb 0\nprint blocksize\n' | edit | sed -n 's/.* = //p')
    count=$((${shape#pieces-} << 20))
    truncate -s "$count" "$tree/pieces"
    chmod 600 "$tree/pieces"
    printf 'path /pieces\nbmap -d\n' | edit | sed -n 's/^data offset \([0-9]*\) .* (\(.*\)) .*/\1 \2/p' \
      | tr / ' ' | {
      number=0
      while read -r offset group in_group; do
        number=$((number + 1))
        [ $((number % 2)) = 1 ] || continue
        at=$(printf 'convert agno %d agbno %d byte\n' "$group" "$in_group" | edit)
        at=$(sed -n 's/.*(\([0-9]*\)).*/\1/p' <<<"$at")
        for to in "$image $at" "$tree/pieces $((offset * block))"; do
          printf 'piece %d' "$number" \
            | dd of="${to% *}" bs=1 seek="${to#* }" conv=notrunc status=none
        done
        printf 'path /pieces\naddr u.bmbt.ptrs[1]\nwrite recs[%d].extentflag 0\n' "$number" | edit
      done
    }
    printf 'path /pieces\nwrite core.size %d\n' "$count" | edit
    ;;
esac
