#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Descriptors spread over the disk (meta_bg), checksums from a stored seed, 1 KiB blocks.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 48M -t ext4 -b 1024 -g 1024 -O meta_bg,^resize_inode,metadata_csum_seed,64bit
