#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Physical volumes of LVM2, IMAGE.0 and so on, with logical volumes around the bytes of files: lvm2
# makes them on block devices only. The arguments are those of lvm.py. pvck reads the metadata, and
# grub-fstest the volumes.
exec python3 -B "$(dirname "$0")/lvm.py" "$@"
