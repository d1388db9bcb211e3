#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The largest block size, 64 KiB, where the length of a record overflows.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 64M -t ext4 -b 65536
