#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The image of `make bench`: one file of 256 MiB in one piece and one in more than 10,000, and a tree
# of 50,000 files. Free space is broken up: a filler takes what is left of it, and every other one of
# many small files goes.
set -eu
image=$1
work=$(mktemp -d "$image.XXXXXX")
python3 - "$work" <<'END'
import os, sys
work = sys.argv[1]
os.mkdir(f"{work}/small")
for n in range(27000):
    with open(f"{work}/small/{n}", "wb") as file:
        file.write(b"x" * 20480)
for folder in range(100):
    os.makedirs(f"{work}/tree/{folder}")
    for n in range(500):
        open(f"{work}/tree/{folder}/a-file-of-this-name-{n}", "w").close()
with open(f"{work}/contiguous", "wb") as file:
    for n in range(65536):
        file.write(n.to_bytes(8, "little") * 512)
END
mke2fs -q -F -t ext4 -b 4096 -m 0 -O ^has_journal,^resize_inode -N 78200 -d "$work" "$image" 860M
free=$(dumpe2fs -h "$image" 2>/dev/null | sed -n 's/^Free blocks: *//p')
{
  echo "write /dev/null filler"
  echo "fallocate filler 0 $((free - 300))"
  for n in $(seq 1 2 27000); do echo "rm small/$n"; done
  echo "write $work/contiguous fragmented"
} >"$work.commands"
debugfs -w -f "$work.commands" "$image" >"$work.log" 2>&1
rm -rf "$work" "$work.commands" "$work.log"
