#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What erofs-utils 1.9.4 do with packed metadata (`mkfs.erofs -m`, Linux 6.17 and later).
#
# Guess: fsck.erofs takes out what mkfs.erofs of the same version put in.
# Seen with erofs-utils 1.9.4-1 (Debian sid):
#   -m4096                  `fsck.erofs --extract` ends with 0, and small files have wrong bytes;
#                           `dump.erofs --cat` and Linux 6.18 give the right ones
#   -m4096 -E ztailpacking  "failed to full decompress"; Linux 6.18 reads it
#   -m4096 --MZ=id          with a few hundred names: "bogus i_mode (0)", names lead to empty inodes;
#                           Linux 6.18 says the same, so the files are lost
#
# Needs apt with Debian's source for sid. Half a minute.
set -eu
fetch=$(dirname "$(realpath "$0")")/fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$fetch" sid new erofs-utils=1.9.4-1 libc6 libcurl4t64 libdeflate0 libjson-c5 liblz4-1 liblzma5 \
  libselinux1 libssl3t64 libuuid1 libxml2-16 libxxhash0 libzstd1 zlib1g libpcre2-8-0 libnghttp2-14 \
  libnghttp3-9 libngtcp2-16 libngtcp2-crypto-ossl0 libidn2-0 librtmp1 libssh2-1t64 libpsl5t64 \
  libgssapi-krb5-2 libldap2 libbrotli1 libunistring5 libgnutls30t64 libhogweed6t64 libnettle8t64 \
  libgmp10 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 libsasl2-2 libp11-kit0 \
  libtasn1-6 libffi8 libgcc-s1
run() { "${fetch%/*}/run" new "$@" 2>&1; }

mkdir -p tree/many
seq 1 3000 >tree/numbers
seq 1 700 >tree/end
for number in $(seq 1 200); do
  echo "$number" >"tree/many/an-entry-with-quite-a-long-name-$number"
done
file=many/an-entry-with-quite-a-long-name-7
status=0
tell() {
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "it has changed: it was $3" >&2; status=1; }
}
extract() {
  rm -rf out
  run fsck.erofs --extract=out image >log && said="ends with 0" || said="fails"
  cmp -s "out/$file" "tree/$file" && said="$said, right bytes" || said="$said, wrong bytes"
  grep -o -m 1 -e 'failed to full decompress' -e 'bogus i_mode (0)' log >why || true
  said="$said$(sed 's/^/, /' why)"
}

run mkfs.erofs --quiet -zlz4 image tree
extract
tell "-zlz4" "$said" "ends with 0, right bytes"
run mkfs.erofs --quiet -m4096 -zlz4 image tree
extract
tell "-m4096 -zlz4" "$said" "ends with 0, wrong bytes"
run dump.erofs --cat --path="/$file" image >cat
cmp -s cat "tree/$file" && said="right bytes" || said="wrong bytes"
tell "-m4096 -zlz4, dump.erofs --cat" "$said" "right bytes"
run mkfs.erofs --quiet -E48bit,ztailpacking -m4096 -zlz4 image tree
extract
tell "-E48bit,ztailpacking -m4096 -zlz4" "$said" "fails, wrong bytes, failed to full decompress"
run mkfs.erofs --quiet --MZ=id -m4096:zstd image tree
extract
tell "--MZ=id -m4096:zstd" "$said" "fails, wrong bytes, bogus i_mode (0)"
exit "$status"
