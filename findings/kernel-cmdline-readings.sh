#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /etc/kernel/cmdline with a comment on an indented line, read by three parts of one systemd, 262.1:
#   90-loaderentry.install (type 1 entry)  the comment is left out
#   60-ukify.install (unified image)       the comment's words become parameters of the kernel
#   ukify --cmdline=@FILE                  all is copied, with the ends of the lines
# A `root=` in the comment is obeyed in the second and third. So the same file boots as one thing or
# the other by `layout=` in install.conf alone.
# Guessed: one reading, as kernel-install(8) describes the file. Run in November 2026, Debian sid.
# Needs apt with Debian's source for sid, python3. A few seconds.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new systemd-boot-tools=262.1-1 systemd=262.1-1 systemd-ukify=262.1-1 \
  systemd-boot-efi=262.1-1 python3-pefile
plugins=$(dirname "$(find new -name 90-loaderentry.install)")
stub=$(find "$PWD/new" -name linuxx64.efi.stub)
export PYTHONPATH=$PWD/new/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1

mkdir -p config staging boot/id/7.2
printf 'root=/dev/xvda1\n  # not root=/dev/xvdb1\nquiet\n' | tee config/cmdline
echo ID=x >config/os-release
export KERNEL_INSTALL_MACHINE_ID=0123456789abcdef0123456789abcdef KERNEL_INSTALL_ENTRY_TOKEN=id
export KERNEL_INSTALL_BOOT_ROOT=$PWD/boot KERNEL_INSTALL_CONF_ROOT=$PWD/config
export KERNEL_INSTALL_STAGING_AREA=$PWD/staging KERNEL_INSTALL_VERBOSE=0
export KERNEL_INSTALL_UKIFY=$PWD/new/usr/bin/ukify KERNEL_INSTALL_BOOT_STUB=$stub

# The stub stands for the kernel: ukify asks only that it be a program for UEFI.
KERNEL_INSTALL_LAYOUT=bls sh "$plugins/90-loaderentry.install" add 7.2 "$PWD/boot/id/7.2" "$stub"
entry=$(sed -n 's/^options *//p' boot/loader/entries/id-7.2.conf)
KERNEL_INSTALL_LAYOUT=uki python3 "$plugins/60-ukify.install" add 7.2 "$PWD/boot/id/7.2" \
  "$stub" >log 2>&1
python3 new/usr/bin/ukify build --linux="$stub" --stub="$stub" --uname=7.2 --os-release=ID=x \
  --cmdline="@$PWD/config/cmdline" --output=by-hand.efi >>log 2>&1
section() {
  python3 -c '
import pefile, sys
image = pefile.PE(sys.argv[1])
for section in image.sections:
    if section.Name.rstrip(b"\0") == b".cmdline":
        print(section.get_data(length=section.Misc_VirtualSize).decode().strip().replace("\n", "\\n"))
' "$1"
}
image=$(section staging/uki.efi)
hand=$(section by-hand.efi)
printf 'loaderentry: %s\nukify plugin: %s\nukify: %s\n' "$entry" "$image" "$hand"
[ "$entry" = "root=/dev/xvda1 quiet" ] &&
  [ "$image" = "root=/dev/xvda1 # not root=/dev/xvdb1 quiet" ] &&
  [ "$hand" = 'root=/dev/xvda1\n  # not root=/dev/xvdb1\nquiet' ] ||
  { echo "it has changed" >&2; exit 1; }
