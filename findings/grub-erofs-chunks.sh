#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# EROFS (new in GRUB 2.14) in chunks, `mkfs.erofs --chunksize`: GRUB takes block 1 for the mark of a
# hole, which is 0xffffffff. So the file that lies at block 1, where the first data of an image are,
# begins with a chunk of zeros, without a message; and a file with a hole can't be read at all.
# Guessed: GRUB reads all EROFS that is not compressed. Linux 6.18 and fsck.erofs read both files.
# Run in November 2026: grub-fstest 2.14-4 and erofs-utils 1.9.4-1 of Debian sid.
# Needs apt with Debian's source for sid. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new grub2-common=2.14-4 libdevmapper1.02.1 libudev1 \
  erofs-utils=1.9.4-1 libc6 libcurl4t64 libdeflate0 libjson-c5 liblz4-1 liblzma5 \
  libselinux1 libssl3t64 libuuid1 libxml2-16 libxxhash0 libzstd1 zlib1g libpcre2-8-0 libnghttp2-14 \
  libnghttp3-9 libngtcp2-16 libngtcp2-crypto-ossl0 libidn2-0 librtmp1 libssh2-1t64 libpsl5t64 \
  libgssapi-krb5-2 libldap2 libbrotli1 libunistring5 libgnutls30t64 libhogweed6t64 libnettle8t64 \
  libgmp10 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 libsasl2-2 libp11-kit0 \
  libtasn1-6 libffi8 libgcc-s1
run() { "${fetch%/*}/run" new "$@"; }

mkdir tree
seq 30000 >tree/a-kernel
truncate -s 300000 tree/hole
echo end >>tree/hole
run mkfs.erofs --quiet --chunksize=65536 disk tree >mkfs.log 2>&1
run fsck.erofs --extract=out disk >/dev/null 2>&1
cmp out/a-kernel tree/a-kernel
cmp out/hole tree/hole

run grub-fstest "$PWD/disk" cat '(loop0)/a-kernel' >read
zeros=$(tr -dc '\0' <read | wc -c)
echo "a-kernel: $(wc -c <read) of $(wc -c <tree/a-kernel) bytes, of them $zeros zeros; it has none"
cmp <(tail -c +65537 read) <(tail -c +65537 tree/a-kernel)
hole=$(run grub-fstest "$PWD/disk" cat '(loop0)/hole' 2>&1 >/dev/null || true)
echo "hole: $hole"
[ "$(wc -c <read)" = "$(wc -c <tree/a-kernel)" ] && [ "$zeros" = 65536 ] &&
  [[ $hole == *"attempt to read or write outside of disk"* ]] ||
  { echo "it has changed" >&2; exit 1; }
