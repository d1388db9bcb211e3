#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `cmp` in a script of GRUB 2.06 succeeds whether two files are equal or not, so that it is no use as
# a condition. 2.14-4 of sid fails where they differ. Seen with 2.06-13+deb12u2.
# Prints `equal differ`; fails if that changes.
set -eu
version=2.06-13+deb12u2
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm . grub-emu="$version"
echo one >one
echo two >two
cat >grub.cfg <<END
if cmp (host)$work/one (host)$work/one; then set r="equal"; fi
if cmp (host)$work/one (host)$work/two; then set r="\$r differ"; fi
echo "true for: \$r."
exit
END
timeout 10 usr/bin/grub-emu -d "$work" -r host >out
grep -ao 'true for: .*\.' out
grep -aq 'true for: equal differ\.' out
