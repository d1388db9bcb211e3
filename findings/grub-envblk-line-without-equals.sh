#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A line without `=` in GRUB's environment block hides the variable in the next line: load_env takes
# both lines as one name. grub-editenv lists it as if it were there. Seen with 2.06-13+deb12u2;
# 2.14-4 of sid does the same. Prints `first=1 second= third=3`; fails if that changes.
set -eu
version=2.06-13+deb12u2
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" bookworm . grub-emu="$version" grub-common="$version"
printf '# GRUB Environment Block\nfirst=1\nno equals sign\nsecond=2\nthird=3\n' >env
head -c $((1024 - $(stat -c %s env))) /dev/zero | tr '\0' '#' >>env
usr/bin/grub-editenv env list | grep -x second=2
cat >grub.cfg <<END
load_env -f (host)$work/env
echo "first=\$first second=\$second third=\$third"
exit
END
timeout 10 usr/bin/grub-emu -d "$work" -r host >out
grep -ao 'first=.* third=[0-9]*' out
grep -aq 'first=1 second= third=3' out
