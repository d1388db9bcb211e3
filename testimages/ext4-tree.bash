# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the ext4 recipes. `tree DIRECTORY` fills it with a bit of everything that a reader
# must get right; `image IMAGE SIZE OPTIONS...` makes a file system of it, without root.

tree() {
  local to=$1
  mkdir -p "$to/boot/grub" "$to/dir/with/some/depth" "$to/empty directory"
  printf 'default 0\ntimeout 5\n\ntitle Debian\nroot (hd0)\nkernel /vmlinuz root=/dev/xvda\n' \
    >"$to/boot/grub/menu.lst"
  : >"$to/empty"
  printf x >"$to/one-byte"
  # Reproducible noise of 300,001 bytes: no block is like another.
  seq 1 60000 | head -c 300001 >"$to/boot/vmlinuz"
  head -c 4096 "$to/boot/vmlinuz" >"$to/dir/with/some/depth/4096"
  chmod 4751 "$to/dir/with/some/depth/4096"
  # Data, a hole, data, a hole: through direct, indirect, double and (1 KiB) triple blocks.
  printf start >"$to/sparse"
  printf middle | dd of="$to/sparse" bs=1 seek=3000000 conv=notrunc status=none
  printf end | dd of="$to/sparse" bs=1 seek=70000000 conv=notrunc status=none
  truncate -s 80000007 "$to/sparse"
  truncate -s 5000 "$to/all-hole"
  ln -s boot/vmlinuz "$to/vmlinuz"
  ln -s /boot/grub/menu.lst "$to/absolute"
  ln -s "$(printf 'a%.0s' {1..59})" "$to/link-59"
  ln -s "$(printf 'b%.0s' {1..60})" "$to/link-60"
  ln -s "$(printf '/dir%.0s' {1..250})" "$to/link-1000"
  ln -s loop-b "$to/loop-a"
  ln -s loop-a "$to/loop-b"
  ln "$to/one-byte" "$to/dir/hard-link"
  mkfifo "$to/fifo"
  printf long >"$to/$(printf 'n%.0s' {1..255})"
  printf utf-8 >"$to/dir/größe — 漢字"
  touch -d '2021-03-04 05:06:07 UTC' "$to/boot/vmlinuz"
  touch -d '2040-03-04 05:06:07 UTC' "$to/one-byte"
}

image() {
  local image=$1 size=$2 work
  shift 2
  work=$(mktemp -d "$image.XXXXXX")
  tree "$work"
  mke2fs -q -F -E root_owner=0:0 "$@" -L test-label -U 01234567-89ab-cdef-0123-456789abcdef \
    -d "$work" "$image" "$size"
  rm -rf "$work"
}
