#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `bootctl list` calls a unified kernel image's first profile is not what systemd-boot calls it.
#
# Guess: both name an entry alike, since bootctl(1) says its ids can be given to `set-default` and
# stand in loader.conf.
# Seen with systemd 262.1-1 (Debian sid), systemd-boot run in OVMF 2022.11 under QEMU:
#   bootctl       b.efi@main a.efi@main b.efi@other a.efi@other: the profile's ID follows profile 0 too
#   systemd-boot  b.efi      a.efi      b.efi@other a.efi@other: only the others have it
# So `default a.efi@main` in loader.conf, copied from bootctl, matches nothing, and `default *.efi`
# matches profile 0 in systemd-boot alone. Both list profile 0 of all images first.
#
# Needs apt with Debian's sources for sid and bookworm, python3, mtools and dosfstools. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$fetch" sid new systemd-boot=262.1-1 systemd-boot-tools=262.1-1 systemd-boot-efi=262.1-1 \
  libsystemd-shared=262.1-1 libc6 libcap2 libmount1 libblkid1 libselinux1 libcrypt1 libssl3t64 \
  libpcre2-8-0 libuuid1
"$fetch" bookworm old ovmf=2022.11-6+deb12u2 qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3

# Two images of one version, each with profiles "main" and "other", as ukify lays them out.
mkdir -p esp/EFI/Linux esp/EFI/BOOT esp/loader/entries
python3 - <<'PYTHON'
import struct

def image(sections):
    head = bytearray(64 + 24 + 240 + 40 * len(sections))
    head[:2], head[60:64], head[64:68] = b"MZ", struct.pack("<I", 64), b"PE\0\0"
    struct.pack_into("<HH12xHH", head, 68, 0x8664, len(sections), 240, 0x206)
    # Optional header: PE32+, entry, base, alignments, sizes, EFI application.
    struct.pack_into("<H14xI4xQII", head, 88, 0x20B, 0x1000, 0x140000000, 4096, 512)
    struct.pack_into("<II4xH", head, 88 + 56, 0x1000 * (len(sections) + 1), 1024, 10)
    struct.pack_into("<I", head, 88 + 108, 16)
    body = b""
    for index, (name, data) in enumerate(sections):
        struct.pack_into("<8sIIII12xI", head, 328 + 40 * index, name, len(data),
                         0x1000 * (index + 1), 512, 1024 + len(body), 0x40000040)
        body += data.ljust(512, b"\0")
    return bytes(head).ljust(1024, b"\0") + body

for name in "ab":
    open(f"esp/EFI/Linux/{name}.efi", "wb").write(image([
        (b".osrel", b"ID=x\nPRETTY_NAME=X\nVERSION_ID=9\n"), (b".cmdline", b"quiet"),
        (b".linux", b"kernel"), (b".profile", b"ID=main\nTITLE=M\n"),
        (b".profile", b"ID=other\nTITLE=O\n")]))
PYTHON
cp new/usr/lib/systemd/boot/efi/systemd-bootx64.efi esp/EFI/BOOT/BOOTX64.EFI
echo "timeout menu-force" >esp/loader/loader.conf

library=$PWD/new/usr/lib/x86_64-linux-gnu
listed=$(SYSTEMD_RELAX_ESP_CHECKS=1 "$library/ld-linux-x86-64.so.2" --library-path "$library:$library/systemd" \
  new/usr/bin/bootctl --esp-path="$PWD/esp" list --json=short 2>/dev/null |
  python3 -c 'import json, sys; print(*(entry["id"] for entry in json.load(sys.stdin)))')
echo "bootctl:      $listed"

truncate -s 40M disk.img
mkfs.vfat -F 32 disk.img >/dev/null
mcopy -s -i disk.img esp/EFI esp/loader ::
firmware=old/usr/share/OVMF
qemu=$(command -v qemu-system-x86_64 || echo old/usr/bin/qemu-system-x86_64)
timeout 100 "$qemu" -machine q35 -m 256 -display none -serial file:serial -net none \
  -drive if=pflash,format=raw,readonly=on,file="$firmware/OVMF_CODE_4M.fd" \
  -drive if=pflash,format=raw,snapshot=on,file="$firmware/OVMF_VARS_4M.fd" \
  -drive format=raw,snapshot=on,file=disk.img &
for _ in $(seq 90); do
  sleep 1
  grep -q 'Reboot Into' serial 2>/dev/null && break
done
kill %1 2>/dev/null || true
wait 2>/dev/null || true
# One title has four entries, so that each shows its id in the last pair of parentheses.
shown=$(grep -ao 'X ([MO]) (9) ([^)]*)' serial | sed 's/.*(\(.*\))/\1/' | awk '!seen[$0]++' | tr '\n' ' ')
echo "systemd-boot: ${shown% }"

[ "$listed" = "b.efi@main a.efi@main b.efi@other a.efi@other" ] &&
  [ "${shown% }" = "b.efi a.efi b.efi@other a.efi@other" ] || { echo "it has changed" >&2; exit 1; }
