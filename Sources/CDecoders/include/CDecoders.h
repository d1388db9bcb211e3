// SPDX-License-Identifier: GPL-2.0-or-later
// What the image uses of zlib and liblzma. The archives come from Debian's zlib1g-dev and
// liblzma-dev: on the host by linker settings of the manifest, in the image by the toolset.
#ifndef PVGRUB_CDECODERS_H
#define PVGRUB_CDECODERS_H

#include <lzma.h>
#include <zlib.h>

// zlib's own name for this is a macro with arguments, which Swift can't see.

static inline int pvgrub_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

#endif
