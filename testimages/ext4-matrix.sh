#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One of the images of ImageMatrix.swift: a shape, a size, and mke2fs's options. Shapes: tree (a bit
# of everything), deep (60 directories in each other, a path of links), links (targets around each
# limit), pieces (a file with 2,000 holes, so that its map has levels), and many-N (a directory of N
# entries, indexed by e2fsck -D).
. "$(dirname "$0")/ext4-tree.bash"
image=$1 shape=$2 size=$3
shift 3
work=$(mktemp -d "$image.XXXXXX")
case $shape in
  tree) tree "$work" ;;
  deep)
    path=$work
    for n in $(seq 60); do path=$path/level-$n; done
    mkdir -p "$path"
    seq 1 5000 >"$path/file"
    ln -s level-1/level-2 "$work/first"
    for n in $(seq 20); do ln -s "first/../level-2" "$work/level-1/link-$n"; done
    ;;
  links)
    for n in 1 58 59 60 61 155 156 157 500 1000 1023; do
      ln -s "$(printf "%${n}s" | tr ' ' l)" "$work/link-$n"
    done
    ;;
  pieces)
    step=$((2 * $(sed -n 's/.*-b \([0-9]*\).*/\1/p' <<<"$*")))
    perl -e 'for my $n (0..1999) { seek(STDOUT, $n * $ARGV[0], 0); print "piece $n" }' "$step" \
      >"$work/pieces"
    ;;
  many-*)
    mkdir "$work/many"
    (cd "$work/many" && seq -f 'an-entry-with-quite-a-long-name-%06g' 1 "${shape#many-}" | xargs touch)
    ;;
esac
mke2fs -q -F -E root_owner=0:0 "$@" -d "$work" "$image" "$size"
case $shape in
  many-*) e2fsck -f -y -D "$image" || [ $? -eq 1 ] ;;
  # mke2fs does not count in a quota what it copies.
  *) e2fsck -f -n "$image" || e2fsck -f -y "$image" || [ $? -eq 1 ] ;;
esac
rm -rf "$work"
