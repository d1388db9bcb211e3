#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext4 of ten years ago: 32-bit descriptors with CRC-16 (uninit_bg), inodes of 128 bytes.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 32M -t ext4 -I 128 -O ^64bit,^metadata_csum,uninit_bg
