#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file system that lost power: the changes of two transactions are in its journal only, and those
# of a third one were never committed. Arguments: block size, features, version of the journal's
# checksums (none, 1 with ^metadata_csum, 2 or 3 with it), type, size, blocks of the journal / 1024.
# The transactions are what debugfs changes on copies, data blocks included (data=journal).
. "$(dirname "$0")/ext4-tree.bash"
image=$1 block=${2:-1024} features=${3:-metadata_csum,64bit} checksums=${4:-3}
work=$(mktemp -d "$image.XXXXXX")
tree "$work/tree"
rm "$work/tree/sparse"
printf 'default 0\ntitle stale\nkernel /boot/vmlinuz-old\n' >"$work/tree/boot/grub/menu.lst"
mkdir "$work/tree/many"
(cd "$work/tree/many" && seq -f 'an-entry-with-quite-a-long-name-%03g' 1 60 | xargs touch)
mke2fs -q -F -t "${5:-ext4}" -b "$block" -N 512 -O "^resize_inode,$features" \
  -J "size=$((block / 1024 * ${7:-1}))" -E hash_seed=11111111-2222-3333-4444-555555555555 \
  -L stale -d "$work/tree" "$image" "${6:-$((block / 128))M}"

# Each step works on a copy of the one before. A block that begins with the journal's magic number
# must be escaped.
{ printf '\xc0\x3b\x39\x98'; head -c 9000 "$work/tree/boot/vmlinuz"; } >"$work/escaped"
printf 'default 0\ntitle newer\nkernel /boot/vmlinuz-new\n' >"$work/menu.1"
printf 'default 0\ntitle newest\nkernel /boot/vmlinuz-newest\n' >"$work/menu.2"
head -c 70000 "$work/tree/boot/vmlinuz" >"$work/kernel"
cat >"$work/commands.1" <<END
rm boot/grub/menu.lst
write $work/menu.1 boot/grub/menu.lst
write $work/kernel boot/vmlinuz-new
write $work/escaped escaped
mkdir new-directory
write $work/menu.1 new-directory/file
symlink new-link boot/vmlinuz-new
rm one-byte
END
cat >"$work/commands.2" <<END
rm boot/grub/menu.lst
write $work/menu.2 boot/grub/menu.lst
write $work/kernel boot/vmlinuz-newest
rm new-directory/file
rmdir new-directory
set_super_value volume_name newest
END
cat >"$work/commands.3" <<END
rm boot/grub/menu.lst
rm boot/vmlinuz-newest
rm escaped
END
cp "$image" "$work/0"
for step in 1 2 3; do
  cp "$work/$((step - 1))" "$work/$step"
  debugfs -w -f "$work/commands.$step" "$work/$step" 2>&1
  # The numbers of the blocks that differ, and their contents one behind the other.
  cmp -l "$work/$((step - 1))" "$work/$step" |
    awk -v size="$block" '{ n = int(($1 - 1) / size); if (n != last || NR == 1) print n; last = n }' \
      >"$work/blocks.$step"
  while read -r n; do dd if="$work/$step" bs="$block" skip="$n" count=1 status=none; done \
    <"$work/blocks.$step" >"$work/data.$step"
done
# Revoked by the second transaction: a block that only the first one writes.
revoked=$(comm -23 <(sort "$work/blocks.1") <(sort "$work/blocks.2") | sort -n | tail -1)
list() { paste -sd, "$work/blocks.$1"; }
case $checksums in
  none) open='jo' ;;
  1) open='jo -c' ;;
  *) open="jo -c -v $checksums" ;;
esac
# e2fsck finds debugfs's commit blocks of version 1 wrong if there is a revoke block before them.
[ "$checksums" = 1 ] && revoke= || revoke="-r $revoked"
# One opening for each: behind a revoke block, debugfs would write over its own commit block.
printf '%s\n' "$open" "jw -b $(list 1) $work/data.1" jc \
  jo "jw -b $(list 2) $revoke $work/data.2" jc \
  jo "jw -c -b $(list 3) $work/data.3" jc >"$work/journal"
debugfs -w -f "$work/journal" "$image" 2>&1
rm -rf "$work"
