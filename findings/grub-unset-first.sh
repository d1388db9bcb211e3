#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `unset a b` in a script of GRUB 2 forgets `a` and keeps `b`, though `export a b` takes both and
# nothing is said. Seen with grub-emu 2.06-13+deb12u2; 2.14-4 of sid does the same.
# Prints `a= b=2`; fails if that changes.
set -eu
version=2.06-13+deb12u2
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm . grub-emu="$version"
cat >grub.cfg <<'END'
a=1
b=2
unset a b
echo "a=$a b=$b"
exit
END
timeout 10 usr/bin/grub-emu -d "$work" -r host >out
grep -ao 'a=.* b=[0-9]*' out
grep -aq 'a= b=2' out
