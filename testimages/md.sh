#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Members of an md array, IMAGE.0 and so on, around the bytes of a file: mdadm makes arrays only with
# a kernel's help. The arguments are those of md.py. mdadm --examine judges the superblocks, and
# grub-fstest reads the arrays.
exec python3 -B "$(dirname "$0")/md.py" "$@"
