#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext4 as mke2fs makes it today: 64bit, metadata_csum, flex_bg, extents.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 32M -t ext4 -b 4096
