#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small ext4 with one of each structure, for tests that damage it: a file with 100 holes, whose
# extent tree has index blocks, and a directory with an index. The argument is more features, such
# as metadata_csum. 1 KiB blocks, one block group.
. "$(dirname "$0")/ext4-tree.bash"
work=$(mktemp -d "$1.XXXXXX")
tree "$work"
for n in $(seq 0 99); do
  echo "piece $n" | dd of="$work/pieces" bs=1 seek=$((n * 8192)) conv=notrunc status=none
done
mkdir "$work/many"
(cd "$work/many" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 200 | xargs touch)
mke2fs -q -F -t "${3:-ext4}" -b 1024 -N 512 -m 0 -O "^has_journal,^resize_inode$2" \
  -E hash_seed=11111111-2222-3333-4444-555555555555 \
  -U 01234567-89ab-cdef-0123-456789abcdef -L test-label -d "$work" "$1" 1M
e2fsck -f -y -D "$1" || [ $? -eq 1 ]
rm -rf "$work"
