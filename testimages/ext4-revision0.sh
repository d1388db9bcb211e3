#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext2 as it was in 1993: revision 0, no features, inodes of 128 bytes.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 16M -t ext2 -r 0 -b 1024 -O none
