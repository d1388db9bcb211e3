#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Small files, directories and links inside their inodes (inline_data), whose rest is in an extended
# attribute.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 16M -t ext4 -b 4096 -I 512 -O inline_data
