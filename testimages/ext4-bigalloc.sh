#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Clusters of 16 blocks (bigalloc), which change nothing but the size of groups.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 64M -t ext4 -O bigalloc -C 65536
