#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext2 with blocks of 1 KiB: block maps of three levels, the superblock in block 1.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 16M -t ext2 -b 1024
