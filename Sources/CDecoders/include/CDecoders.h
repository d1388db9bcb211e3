// SPDX-License-Identifier: GPL-2.0-or-later
// What the image uses of the decoders. The archives come from Debian's zlib1g-dev, liblzma-dev,
// libbz2-dev, liblzo2-dev, liblz4-dev, libzstd-dev and libdeflate-dev: on the host by linker settings of the
// manifest, in the image by the toolset.
#ifndef PVGRUB_CDECODERS_H
#define PVGRUB_CDECODERS_H

#define BZ_NO_STDIO
#include <bzlib.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <zlib.h>
// For the interface that unpacks block by block into memory of the caller.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

// Macros with arguments, which Swift can't see.

static inline int pvgrub_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

static inline int pvgrub_lz4_bound(int byte_count) { return LZ4_COMPRESSBOUND(byte_count); }

// Memory that may be missing: Swift's own allocation ends the program then.

static inline void *pvgrub_allocate(size_t byte_count) { return malloc(byte_count); }
static inline void pvgrub_release(void *memory) { free(memory); }

#endif
