#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext3: a journal, block maps, hashed directories, no checksums.
. "$(dirname "$0")/ext4-tree.bash"
image "$1" 32M -t ext3 -b 4096
