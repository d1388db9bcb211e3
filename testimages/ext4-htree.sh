#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A directory of 5,000 entries in blocks of 1 KiB, indexed with two levels by e2fsck -D. An argument
# sets the number of entries, another one the hash.
. "$(dirname "$0")/ext4-tree.bash"
work=$(mktemp -d "$1.XXXXXX")
mkdir "$work/many"
(cd "$work/many" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 "${2:-5000}" | xargs touch)
mke2fs -q -F -t ext4 -b 1024 -N $((${2:-5000} + 1000)) -d "$work" "$1" "${3:-32M}"
[ -z "${4:-}" ] || debugfs -w -R "set_super_value def_hash_version $4" "$1"
# 1 means that e2fsck has changed something, as it was asked to.
e2fsck -f -y -D "$1" || [ $? -eq 1 ]
rm -rf "$work"
