/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C libraries inside the image (tools/decoders.mk) find here in place of files of their own. */
#if !defined(__linux__)
#include <stddef.h>
#include <stdint.h>

void minios_library_failed(void) __attribute__((noreturn));

/* What libbz2 calls that found an error of its own. */
void bz_internal_error(int code)
{
    (void)code;
    minios_library_failed();
}

/* The CRC32 of gzip, xz and zlib is one and the same: libdeflate's is the fastest of the three, and each
 * has tables of 8 KiB. (libdeflate.h, liblzma's check.h, zlib.h, whose unsigned long holds 32 bits.) */
uint32_t libdeflate_crc32(uint32_t crc, const void *bytes, size_t count);

uint32_t lzma_crc32(const uint8_t *bytes, size_t count, uint32_t crc)
{
    return libdeflate_crc32(crc, bytes, count);
}

unsigned long crc32(unsigned long crc, const uint8_t *bytes, unsigned int count)
{
    return libdeflate_crc32((uint32_t)crc, bytes, count);
}

#endif
