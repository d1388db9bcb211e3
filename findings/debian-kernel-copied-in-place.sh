#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Debian's hook for kernels in /usr/lib/modules (7.x and later) does to /boot on an upgrade.
#
# Guess: /boot/vmlinuz-VERSION is a hard link to /usr/lib/modules/VERSION/vmlinuz, and an upgrade that
# keeps VERSION makes it a link to the new file, as safely as dpkg replaces files: by a rename.
# Seen with linux-base 4.17 (sid): only the first time. `cp -l` fails on the upgrade, since the name is
# there, its message goes to /dev/null, and `cp -p` truncates /boot/vmlinuz-VERSION and writes it anew
# in place. A power cut meanwhile leaves part of a kernel under the only name that menus know; dpkg,
# which brought the file itself up to 6.x, never did. The file is a copy from then on, no link.
# It matters to whoever reads /boot from outside while or after that: a loader, a backup.
#
# Needs apt with Debian's source for sid. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid tree linux-base=4.17
mkdir -p modules/7.2 boot
sed "s,/usr/lib/modules,$work/modules,g" tree/usr/share/kernel/postinst.d/00-legacy-boot >hook
configure() { DEB_MAINT_PARAMS=configure sh hook 7.2 "$work/boot/vmlinuz-7.2"; }
inode() { stat -c %i "$1"; }
bad=0
expect() {
  if [ "$2" = "$3" ]; then echo "ok: $1"; else echo "changed: $1"; bad=1; fi
}

echo old >modules/7.2/vmlinuz
configure
expect "the first time it is a hard link" "$(inode boot/vmlinuz-7.2)" "$(inode modules/7.2/vmlinuz)"
first=$(inode boot/vmlinuz-7.2)
# As dpkg does: the new file takes the place of the old one.
echo new >modules/7.2/vmlinuz.dpkg-new
mv modules/7.2/vmlinuz.dpkg-new modules/7.2/vmlinuz
expect "/boot has the old kernel until the hook runs" "$(cat boot/vmlinuz-7.2)" old
configure
expect "it has the new one then" "$(cat boot/vmlinuz-7.2)" new
expect "written into the old file" "$(inode boot/vmlinuz-7.2)" "$first"
expect "which is no link any more" "$(stat -c %h boot/vmlinuz-7.2)" 1
exit $bad
